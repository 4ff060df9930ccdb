package ops

import (
	"context"

	"github.com/kardianos/service"
)

// ManagerOf is systemd: of the user, or with System of the whole PC. Other
// managers of services are left to who chose them.
func ManagerOf(s Spec) (Manager, error) {
	for _, system := range service.AvailableSystems() {
		if system.String() != "linux-systemd" {
			continue
		}
		if !hasSystemd() {
			return nil, ErrNoManager
		}
		made, err := system.New(idle{}, s.config())
		if err != nil {
			return nil, err
		}
		where := "~/.config/systemd/user/" + Name + ".service，您登录后自动启动。没有人登录也要运行的话：loginctl enable-linger"
		if s.System {
			where = "/etc/systemd/system/" + Name + ".service，开机自动启动"
		}
		return library{made, where}, nil
	}
	return nil, ErrNoManager
}

// Managed reports whether a service manager wants to be answered; systemd does not.
func Managed(context.Context, func(context.Context) error) (bool, error) { return false, nil }
