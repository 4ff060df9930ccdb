package schedule

import "time"

// MarkBackup keeps the LastBackup, as JSON.
const MarkBackup = "backup"

// LastBackup is how the backups stand, for whoever must be told.
type LastBackup struct {
	At       time.Time `json:"at,omitzero"` // of the last one that passed every check
	File     string    `json:"file,omitempty"`
	AlsoAt   time.Time `json:"also_at,omitzero"` // of the last one that also lies in the second directory
	FailedAt time.Time `json:"failed_at,omitzero"`
	Why      string    `json:"why,omitempty"` // of the failure, in English
}
