package ops

import (
	"errors"
	"runtime"
)

// grip is a goroutine on a thread of its own: Windows keeps the wish by thread.
type grip struct{ let, gone chan struct{} }

// What SetThreadExecutionState takes.
const (
	esContinuous     = 0x80000000
	esSystemRequired = 0x00000001
)

func (a *Awake) hold() error {
	a.grip = grip{let: make(chan struct{}), gone: make(chan struct{})}
	held := make(chan bool, 1)
	go func(g grip) {
		defer close(g.gone)
		runtime.LockOSThread() // not unlocked: the thread ends with the goroutine, and with it the wish
		was, _, _ := setExecutionState.Call(esContinuous | esSystemRequired)
		held <- was != 0
		<-g.let
		_, _, _ = setExecutionState.Call(esContinuous)
	}(a.grip)
	if !<-held {
		close(a.grip.let)
		<-a.grip.gone
		return errors.New("keep the PC awake: refused by Windows")
	}
	return nil
}

func (a *Awake) release() error {
	close(a.grip.let)
	<-a.grip.gone
	return nil
}
