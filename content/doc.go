// Package content knows what the office may say to a group: items (text,
// pictures, video, files, links) with their audiences and themes, who wrote and
// who approved them, which one comes next for which group, and what must never
// leave (links, codes and numbers nobody listed).
//
// It refuses to know groups beyond their number, plans, accounts, databases and
// the clock: instants and local days are arguments. It imports nothing of ours.
package content
