package command

// Words are the commands a text is understood as; nil when it is not.
func Words(text string) []string {
	var words []string
	calls, _, _ := newTable().read(text)
	for _, c := range calls {
		words = append(words, c.cmd.word)
	}
	return words
}

// Spoken are the commands with their arguments.
func Spoken(text string) (words [][]string, ok bool) {
	calls, _, ok := newTable().read(text)
	for _, c := range calls {
		words = append(words, append([]string{c.cmd.word}, c.spoken...))
	}
	return words, ok
}

// Named is how a preview lists groups.
var Named = listed
