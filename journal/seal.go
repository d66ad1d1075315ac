package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"huiyin/core"
	"huiyin/db"
)

// sealKey marks a sealed value in a payload: {"phone": {"sealed": "…"}}.
const sealKey = "sealed"

// sealed writes the payload as JSON, with every personal value as ciphertext.
func sealed(ctx context.Context, tx db.Tx, project, subject core.ID, payload any) (string, error) {
	if payload == nil {
		return "", nil
	}
	s := sealer{ctx, tx, project, subject}
	v, err := s.value(reflect.ValueOf(payload))
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(v)
	return string(b), err
}

type sealer struct {
	ctx              context.Context
	tx               db.Tx
	project, subject core.ID
}

var (
	marshaler = reflect.TypeFor[json.Marshaler]()
	texter    = reflect.TypeFor[interface{ MarshalText() ([]byte, error) }]()
)

func (s sealer) value(v reflect.Value) (any, error) {
	if !v.IsValid() {
		return nil, nil
	}
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, nil
	}
	if p, ok := v.Interface().(core.Personaler); ok {
		return s.seal(fmt.Sprint(reflect.Indirect(reflect.ValueOf(p)).Interface()))
	}
	if v.Type().Implements(marshaler) || v.Type().Implements(texter) {
		return v.Interface(), nil
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil, nil
		}
		return s.value(v.Elem())
	case reflect.Struct:
		return s.fields(v)
	case reflect.Slice, reflect.Array:
		return s.items(v)
	case reflect.Map:
		return s.entries(v)
	case reflect.Func, reflect.Chan:
		return nil, nil
	}
	return v.Interface(), nil
}

func (s sealer) seal(plain string) (any, error) {
	if plain == "" {
		return "", nil
	}
	c, err := db.SealFor(s.ctx, s.tx, s.project, s.subject, plain)
	return map[string]string{sealKey: c}, err
}

// fields keeps what is set: an entry says what happened, not everything that did not.
func (s sealer) fields(v reflect.Value) (any, error) {
	out := map[string]any{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "-" || v.Field(i).IsZero() {
			continue
		}
		if name == "" {
			name = snake(f.Name)
		}
		val, err := s.value(v.Field(i))
		if err != nil {
			return nil, err
		}
		out[name] = val
	}
	return out, nil
}

func (s sealer) items(v reflect.Value) (any, error) {
	out := make([]any, v.Len())
	for i := range out {
		var err error
		if out[i], err = s.value(v.Index(i)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s sealer) entries(v reflect.Value) (any, error) {
	out := map[string]any{}
	for it := v.MapRange(); it.Next(); {
		val, err := s.value(it.Value())
		if err != nil {
			return nil, err
		}
		out[fmt.Sprint(it.Key())] = val
	}
	return out, nil
}

func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if r >= 'A' && r <= 'Z' {
			if i > 0 && name[i-1] >= 'a' {
				b.WriteByte('_')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
