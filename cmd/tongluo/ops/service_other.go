//go:build unix && !linux

package ops

import "context"

// ManagerOf: ErrNoManager.
func ManagerOf(Spec) (Manager, error) { return nil, ErrNoManager }

// Managed reports whether a service manager wants to be answered.
func Managed(context.Context, func(context.Context) error) (bool, error) { return false, nil }

// hold and release do nothing here.
func (a *Awake) hold() error    { return nil }
func (a *Awake) release() error { return nil }

type grip struct{}
