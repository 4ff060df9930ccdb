package bot

import (
	"slices"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// Sender is who said a message, known or not: a handle of one login, with the
// id that outlives it where the service gives one.
type Sender struct {
	Login  string
	Handle string
	Stable string
	Room   string // where, "" in private
}

// Trust replaces what the desk knows of persons bound by codes, oldest first:
// what the store remembers. It counts at the next Bind, and at once in a session.
func (d *Desk) Trust(proofs []schedule.Proof) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.proofs = slices.Clone(proofs)
	d.meetAnew()
}

// Prove takes one more person bound by a code. The newest binding of a person
// wins; the handle that was that person before is nobody's.
func (d *Desk) Prove(p schedule.Proof) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.proofs = append(slices.Clone(d.proofs), p)
	if old := d.present.friendOf[p.Person]; old != "" && old != p.Handle {
		d.log.Info("a person is bound anew; the handle before is let go", "person", p.Person)
	}
	d.meetAnew()
}

// Twins are the persons whose tag is the remark of several friends in the
// present session; none of those is anybody by the remark. In id order.
func (d *Desk) Twins() []int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.Clone(d.present.twins)
}

// Login names the present login; "" without a session.
func (d *Desk) Login() string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.present.login
}

// meetAnew recognises persons again. The lock is held.
func (d *Desk) meetAnew() {
	if d.present.session == "" {
		return
	}
	p := *d.present
	p.proofs = d.proofs
	p.meet(p.people)
	d.present = &p
}

// meet recognises persons: by a code of this login or a stable id, then by
// remark and tag, both unique. A handle is one person at most, and a remark that
// names another person undoes a code: contradictions bind nobody.
func (p *present) meet(r *roster.Roster) {
	byRemark, owner := map[string][]string{}, map[string]int64{}
	for h, remark := range p.friends {
		byRemark[normal(remark)] = append(byRemark[normal(remark)], h)
	}
	for _, person := range r.Persons {
		if tag := normal(person.Tag); tag != "" {
			if owner[tag] != 0 {
				owner[tag] = -1 // of two persons: nobody's
				continue
			}
			owner[tag] = person.ID
		}
	}
	p.friendOf, p.personOf, p.proven, p.twins = map[int64]string{}, map[string]int64{}, map[string]bool{}, nil
	p.believe(r, byRemark, owner)
	for _, person := range r.Persons {
		tag := normal(person.Tag)
		friends := byRemark[tag]
		if tag == "" || owner[tag] != person.ID {
			continue
		}
		if len(friends) > 1 {
			p.twins = append(p.twins, person.ID)
		}
		_, bound := p.friendOf[person.ID]
		if len(friends) == 1 && !bound && p.personOf[friends[0]] == 0 {
			p.friendOf[person.ID], p.personOf[friends[0]] = friends[0], person.ID
		}
	}
	slices.Sort(p.twins)
}

// believe binds those whom a code has proven, the newest last.
func (p *present) believe(r *roster.Roster, byRemark map[string][]string, owner map[string]int64) {
	for _, proof := range p.proofs {
		person, ours := r.Person(proof.Person)
		handle := p.handleFor(proof, byRemark[normal(person.Tag)])
		if !ours || person.Until != "" || handle == "" {
			continue
		}
		if named := owner[normal(p.friends[handle])]; named != 0 && named != person.ID {
			continue
		}
		delete(p.proven, p.friendOf[person.ID])
		delete(p.personOf, p.friendOf[person.ID])
		if before := p.personOf[handle]; before != 0 {
			delete(p.friendOf, before)
		}
		p.friendOf[person.ID], p.personOf[handle], p.proven[handle] = handle, person.ID, true
	}
}

// handleFor is the handle that a proof is about: its own in its login; in
// another the one friend with the person's remark, if the stable id is the same.
func (p *present) handleFor(proof schedule.Proof, friends []string) string {
	switch {
	case proof.Session == p.login:
		return proof.Handle
	case len(friends) == 1 && proof.IsStable(p.stable[friends[0]]):
		return friends[0]
	}
	return ""
}
