package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const memberKeySize = 32

// memberKey is the key that members' names are hashed with, made at first use.
// It lies with the data, for the office alone: without it a copied database says
// nothing about who is in which group. Lost, every group waits once for a
// person's word.
func memberKey(data string) ([]byte, error) {
	name := filepath.Join(data, "identity.key")
	key, err := os.ReadFile(name)
	if err == nil && len(key) == memberKeySize {
		return key, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the key of the groups' members: %w", err)
	}
	key = make([]byte, memberKeySize)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("make a key of the groups' members: %w", err)
	}
	half := name + ".new"
	err = os.WriteFile(half, key, 0o600)
	if err == nil {
		err = os.Rename(half, name)
	}
	if err != nil {
		return nil, fmt.Errorf("keep the key of the groups' members: %w", err)
	}
	return key, nil
}
