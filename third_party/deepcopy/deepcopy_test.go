package deepcopy

import (
	"reflect"
	"testing"
)

type leaf struct{ N int }

type tree struct {
	Name   string
	Leaf   *leaf
	None   *leaf
	Leaves []leaf
	ByName map[string]*leaf
	Any    any
	Two    [2]*leaf
	hidden []int
}

func sample() tree {
	return tree{Name: "a", Leaf: &leaf{1}, Leaves: []leaf{{2}}, ByName: map[string]*leaf{"b": {3}}, Any: &leaf{4}, Two: [2]*leaf{{5}, nil}, hidden: []int{6}}
}

func TestCopy(t *testing.T) {
	for name, src := range map[string]any{"of a value": sample(), "of a pointer": func() *tree { x := sample(); return &x }()} {
		t.Run(name, func(t *testing.T) {
			var dst tree
			if err := Copy(&dst, src); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(dst, sample()) {
				t.Fatalf("copied %+v", dst)
			}
			dst.Leaf.N, dst.Leaves[0].N, dst.ByName["b"].N, dst.Any.(*leaf).N, dst.Two[0].N = 9, 9, 9, 9, 9
			if p, ok := src.(*tree); ok {
				src = *p
			}
			if !reflect.DeepEqual(src, sample()) {
				t.Fatalf("the copy shares with what it was made of: %+v", src)
			}
		})
	}
}

func TestCopyRefuses(t *testing.T) {
	for _, c := range []struct{ dst, src any }{{tree{}, tree{}}, {(*tree)(nil), tree{}}, {&tree{}, leaf{}}, {&tree{}, (*leaf)(nil)}, {&tree{}, nil}, {nil, tree{}}} {
		if Copy(c.dst, c.src) == nil {
			t.Errorf("copied %T to %T", c.src, c.dst)
		}
	}
}
