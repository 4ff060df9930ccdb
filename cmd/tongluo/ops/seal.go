package ops

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
)

// Seal is how backups are encrypted: to a recipient (age1…) or with a
// passphrase. The zero Seal leaves them plain.
type Seal struct{ recipient age.Recipient }

const sealed = ".age"

// ErrKey is a key or passphrase that does not fit.
var ErrKey = errors.New("钥匙不对：请用 --key 指明装口令或 AGE-SECRET-KEY 的文件")

// SealWith makes a Seal from what the settings say, both empty for none.
func SealWith(recipient, passphrase string) (Seal, error) {
	switch {
	case recipient != "":
		r, err := age.ParseX25519Recipient(recipient)
		if err != nil {
			return Seal{}, fmt.Errorf("读不懂收件人 %q：%w", recipient, err)
		}
		return Seal{r}, nil
	case passphrase != "":
		r, err := age.NewScryptRecipient(passphrase)
		if err != nil {
			return Seal{}, fmt.Errorf("口令用不了：%w", err)
		}
		r.SetWorkFactor(16) // 64 MB and a quarter of a second a file: there are as many as pictures
		return Seal{r}, nil
	}
	return Seal{}, nil
}

func (s Seal) plain() bool { return s.recipient == nil }

// named is the name a file bears once sealed.
func (s Seal) named(name string) string {
	if s.plain() {
		return name
	}
	return name + sealed
}

// put moves a plain file of the same disk to its name, encrypting it on the way.
func (s Seal) put(raw, name string) error {
	if s.plain() {
		return os.Rename(raw, name)
	}
	in, err := os.Open(raw)
	if err != nil {
		return err
	}
	err = writeFile(s.named(name), func(out io.Writer) error {
		w, err := age.Encrypt(out, s.recipient)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, in)
		return errors.Join(err, w.Close())
	})
	return errors.Join(err, in.Close(), os.Remove(raw))
}

// unseal decrypts a file with what a key file holds: a line AGE-SECRET-KEY-1…,
// or a passphrase.
func unseal(from, to, key string) (err error) {
	who, err := identity(key)
	if err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	plain, err := age.Decrypt(in, who)
	if err != nil {
		return fmt.Errorf("%w（%w）", ErrKey, err)
	}
	return writeFile(to, func(out io.Writer) error {
		_, err := io.Copy(out, plain)
		return err
	})
}

func identity(key string) (age.Identity, error) {
	if key == "" {
		return nil, ErrKey
	}
	text, err := os.ReadFile(key)
	if err != nil {
		return nil, fmt.Errorf("%w（%w）", ErrKey, err)
	}
	var who age.Identity
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "AGE-SECRET-KEY-") {
			if who, err = age.ParseX25519Identity(line); err != nil {
				return nil, ErrKey // whose error may quote the key
			}
			return who, nil
		}
	}
	if who, err = age.NewScryptIdentity(FirstLine(text)); err != nil {
		return nil, fmt.Errorf("%w（%w）", ErrKey, err)
	}
	return who, nil
}

// FirstLine is the passphrase that a file holds.
func FirstLine(text []byte) string {
	line, _, _ := strings.Cut(strings.TrimPrefix(string(text), "\ufeff"), "\n")
	return strings.TrimSpace(line)
}
