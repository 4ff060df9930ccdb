// Package deepcopy stands in for github.com/tiendc/go-deepcopy, which excelize
// copies columns and rows with (go.mod replaces it). The original lets a type
// bring methods of its own and looks them up by name; for that, Go's linker
// keeps every exported method of the whole program, some 2 MB. None of
// excelize's types has such a method.
package deepcopy

import (
	"fmt"
	"reflect"
)

// Option is there for the signature of the original; there are none.
type Option func()

// Copy makes what dst points to a deep copy of src, which is of the type that
// dst points to, or points to one. Unexported fields are copied as they are.
func Copy(dst, src any, _ ...Option) error {
	to, from := reflect.ValueOf(dst), reflect.ValueOf(src)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		return fmt.Errorf("deep copy to %T: not a pointer to something", dst)
	}
	if from.Kind() == reflect.Pointer && from.Type() == to.Type() {
		from = from.Elem()
	}
	if !from.IsValid() || from.Type() != to.Type().Elem() {
		return fmt.Errorf("deep copy %T to %T: not of the same type", src, dst)
	}
	to.Elem().Set(clone(from))
	return nil
}

func clone(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		c := reflect.New(v.Type().Elem())
		c.Elem().Set(clone(v.Elem()))
		return c
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		return clone(v.Elem())
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			c.Index(i).Set(clone(v.Index(i)))
		}
		return c
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		c := reflect.MakeMapWithSize(v.Type(), v.Len())
		for _, key := range v.MapKeys() {
			c.SetMapIndex(key, clone(v.MapIndex(key)))
		}
		return c
	case reflect.Struct, reflect.Array:
		c := reflect.New(v.Type()).Elem()
		c.Set(v)
		for i := range parts(v) {
			if part := part(c, i); part.CanSet() {
				part.Set(clone(part))
			}
		}
		return c
	}
	return v
}

// parts is how many fields or elements v has.
func parts(v reflect.Value) int {
	if v.Kind() == reflect.Struct {
		return v.NumField()
	}
	return v.Len()
}

// part is one of them.
func part(v reflect.Value, i int) reflect.Value {
	if v.Kind() == reflect.Struct {
		return v.Field(i)
	}
	return v.Index(i)
}
