package console

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// PasswordFile is where the password's hash lies in the data directory, 0600.
const PasswordFile = "console.pass"

// The cost of a guess: OWASP's argon2id with 19 MiB, bearable on an old PC.
// The file says which cost it was made with.
const (
	memoryKiB, passes, lanes = 19 * 1024, 2, 1
	saltBytes, hashBytes     = 16, 32
)

// shape is the PHC string of the hash.
const shape = "$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s"

// The length of a password in characters, and in bytes what a form may carry.
const shortest, longest = 8, 256

// CheckPassword returns, in Chinese, why a password will not do.
func CheckPassword(pw string) error {
	switch {
	case utf8.RuneCountInString(pw) < shortest:
		return fmt.Errorf("密码太短，至少 %d 个字", shortest)
	case len(pw) > longest:
		return fmt.Errorf("密码太长，最多 %d 个字节", longest)
	case strings.TrimSpace(pw) != pw:
		return errors.New("密码的开头和结尾不要留空格")
	}
	return nil
}

// SetPassword stores a password that CheckPassword lets pass. Whoever is signed
// in with the old one is signed out.
func SetPassword(data, pw string) error {
	if err := CheckPassword(pw); err != nil {
		return err
	}
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	hash := argon2.IDKey([]byte(pw), salt, passes, memoryKiB, lanes, hashBytes)
	line := fmt.Sprintf(shape, argon2.Version, memoryKiB, passes, lanes, encode(salt), encode(hash)) + "\n"
	if err := replace(filepath.Join(data, PasswordFile), []byte(line)); err != nil {
		return fmt.Errorf("store the console's password: %w", err)
	}
	return nil
}

// FirstPassword makes up a password where there is none and returns it, the only
// time that anybody sees it; "" when there is one already.
func FirstPassword(data string) (string, error) {
	stored, err := readHash(data)
	if err != nil || stored != "" {
		return "", err
	}
	text := strings.ToLower(rand.Text()) // 32 letters and digits, none alike
	pw := text[:5] + "-" + text[5:10] + "-" + text[10:15]
	return pw, SetPassword(data, pw)
}

// HasPassword reports whether one is set.
func HasPassword(data string) (bool, error) {
	stored, err := readHash(data)
	return stored != "", err
}

// readHash is the stored line, "" when there is none.
func readHash(data string) (string, error) {
	text, err := os.ReadFile(filepath.Join(data, PasswordFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the console's password: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// matches compares a password with a stored line; a damaged line matches nothing.
func matches(stored, pw string) bool {
	fields := strings.Split(stored, "$")
	if len(fields) != 6 {
		return false
	}
	var version, memory, times, threads int
	if _, err := fmt.Sscanf(fields[2]+" "+fields[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &times, &threads); err != nil {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(fields[4])
	want, err2 := base64.RawStdEncoding.DecodeString(fields[5])
	bounded := memory > 0 && memory <= 1<<20 && times > 0 && times <= 16 && threads > 0 && threads <= 16
	if err1 != nil || err2 != nil || fields[1] != "argon2id" || version != argon2.Version || !bounded || len(want) < hashBytes {
		return false
	}
	got := argon2.IDKey([]byte(pw), salt, uint32(times), uint32(memory), uint8(threads), uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1
}

func encode(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }

// replace writes a file of the office alone, whole or not at all.
func replace(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".pass-*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
