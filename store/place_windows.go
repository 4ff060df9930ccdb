package store

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// machineID is what Windows calls this installation of itself.
func machineID() string {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE\Microsoft\Cryptography`, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return ""
	}
	defer key.Close() //nolint:errcheck // only read
	id, _, err := key.GetStringValue("MachineGuid")
	if err != nil {
		return ""
	}
	return id
}

func volumeAndFile(path string) (volume, file string, err error) {
	root, err := windows.UTF16PtrFromString(filepath.VolumeName(path) + `\`)
	if err != nil {
		return "", "", err
	}
	if windows.GetDriveType(root) == windows.DRIVE_REMOTE || strings.HasPrefix(path, `\\`) {
		return "", "", ErrRemote
	}
	var name [32]uint16
	var serial uint32
	err = windows.GetVolumeInformation(root, nil, 0, &serial, nil, nil, &name[0], uint32(len(name)))
	if err != nil || strings.Contains(windows.UTF16ToString(name[:]), "FAT") { // whose file numbers do not last
		return "", "", nil //nolint:nilerr // then the path decides
	}
	at, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return "", "", err
	}
	h, err := windows.CreateFile(at, 0, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, nil,
		windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		return "", "", &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer windows.CloseHandle(h) //nolint:errcheck // only read
	var about windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(h, &about); err != nil {
		return "", "", &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return fmt.Sprintf("%x", serial), fmt.Sprintf("%x%08x", about.FileIndexHigh, about.FileIndexLow), nil
}
