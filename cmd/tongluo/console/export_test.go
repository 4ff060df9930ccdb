package console

// Server is for the test of its limits.
var Server = (*Console).server
