package ops

// Awake keeps the PC from going to sleep by itself while something is to be
// sent. It cannot keep a person from sending it to sleep, nor a laptop whose lid
// is closed. It belongs to one goroutine.
type Awake struct {
	on   bool
	grip grip
}

// Keep holds the PC awake, or lets it sleep. Saying the same again is free.
func (a *Awake) Keep(on bool) error {
	if on == a.on {
		return nil
	}
	if on {
		if err := a.hold(); err != nil {
			return err
		}
	} else if err := a.release(); err != nil {
		return err
	}
	a.on = on
	return nil
}
