package ops

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"tongluo/store"
)

// KeyFile is what members' names are hashed with. It lies with the data, for the
// office alone, and in no backup: without it a copied database says nothing about
// who is in which group. Lost, every group waits once for a person's word.
const KeyFile = "identity.key"

const memberKeySize = 32

// MemberKey is the key of an open data directory, made at first use. What the
// ledger has hashed by another key would speak against every group, and is let
// go of: forgot is of how many.
func MemberKey(ctx context.Context, db *store.DB, now time.Time) (key []byte, forgot int, err error) {
	key, err = readKey(db.Dir())
	made := errors.Is(err, fs.ErrNotExist)
	if made {
		key, err = makeKey(db.Dir())
	}
	if err != nil {
		return nil, 0, err
	}
	forgot, err = db.HashBy(ctx, printOf(key), made, now)
	return key, forgot, err
}

// Strangers is how many groups a person must look at again, because the key that
// their members were hashed with is not in the data directory.
func Strangers(ctx context.Context, db *store.DB) (int, error) {
	by, groups, err := db.HashedBy(ctx)
	if err != nil {
		return 0, err
	}
	key, err := readKey(db.Dir())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return groups, nil
	case err != nil:
		return 0, err
	case by == "" || by == printOf(key):
		return 0, nil
	}
	return groups, nil
}

// LookAgain says what Strangers mean, and what to do about them.
func LookAgain(groups int) (say, do string) {
	return fmt.Sprintf("认群的钥匙（%s）不是原来那把，登录以后 %d 个群都要人认一遍", KeyFile, groups),
		"看 tongluo roster bindings，名单对就运行 tongluo roster bind --accept"
}

// readKey is an fs.ErrNotExist also for a file that holds no key.
func readKey(data string) ([]byte, error) {
	key, err := os.ReadFile(filepath.Join(data, KeyFile))
	if err == nil && len(key) != memberKeySize {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, fmt.Errorf("read the key of the groups' members: %w", err)
	}
	return key, nil
}

func makeKey(data string) ([]byte, error) {
	key := make([]byte, memberKeySize)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("make a key of the groups' members: %w", err)
	}
	err := writeFile(filepath.Join(data, KeyFile), func(out io.Writer) error {
		_, err := out.Write(key)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("keep the key of the groups' members: %w", err)
	}
	return key, nil
}

// printOf tells one key from another and says nothing of either.
func printOf(key []byte) string {
	sum := sha256.Sum256(append([]byte("tongluo members\x00"), key...))
	return hex.EncodeToString(sum[:8])
}
