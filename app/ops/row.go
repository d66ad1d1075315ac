package ops

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A row is one line: a JSON array with the values in the order of the table's columns. Numbers are whole; bytes are
// {"b": base64}, a fraction is {"f": digits}, and text that is no UTF-8 is {"t": base64}, so that it is not mended
// behind anyone's back.

func (t table) appendRow(b []byte, row []any) ([]byte, error) {
	for i, v := range row {
		b = append(b, "[,"[min(i, 1)])
		var err error
		if b, err = appendValue(b, t.Columns[i].Kind, v); err != nil {
			return nil, fmt.Errorf("ops: %s.%s: %w", t.Name, t.Columns[i].Name, err)
		}
	}
	return append(b, "]\n"...), nil
}

func appendValue(b []byte, kind string, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case int64:
		switch kind {
		case kindInt:
			return strconv.AppendInt(b, v, 10), nil
		case kindBool:
			return strconv.AppendBool(b, v != 0), nil
		case kindReal:
			return appendReal(b, float64(v)), nil
		}
	case bool:
		if kind == kindBool {
			return strconv.AppendBool(b, v), nil
		}
	case float64:
		if kind == kindReal {
			return appendReal(b, v), nil
		}
	case string:
		switch kind {
		case kindText:
			return appendText(b, v), nil
		case kindWords:
			return appendText(b, sortedWords(v)), nil
		}
	case []byte:
		switch kind {
		case kindBytes:
			return appendTagged(b, "b", base64.StdEncoding.EncodeToString(v)), nil
		case kindText:
			return appendText(b, string(v)), nil
		}
	}
	return nil, fmt.Errorf("a value of type %T in a column of %s", v, kind)
}

func appendReal(b []byte, f float64) []byte {
	return appendTagged(b, "f", strconv.FormatFloat(f, 'g', -1, 64))
}

func appendTagged(b []byte, tag, body string) []byte {
	return append(append(append(append(append(b, `{"`...), tag...), `":"`...), body...), `"}`...)
}

func appendText(b []byte, s string) []byte {
	if !utf8.ValidString(s) {
		return appendTagged(b, "t", base64.StdEncoding.EncodeToString([]byte(s)))
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}

// sortedWords puts the words of a document into one order, since each engine has its own.
func sortedWords(s string) string {
	words := strings.Fields(s)
	slices.Sort(words)
	return strings.Join(slices.Compact(words), " ")
}

// parseRow reads what appendRow wrote.
func (t table) parseRow(line []byte) ([]any, error) {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	var row []any
	if err := dec.Decode(&row); err != nil {
		return nil, err
	}
	if len(row) != len(t.Columns) {
		return nil, fmt.Errorf("%d values for %d columns", len(row), len(t.Columns))
	}
	for i, v := range row {
		var err error
		if row[i], err = parseValue(t.Columns[i].Kind, v); err != nil {
			return nil, fmt.Errorf("%s: %w", t.Columns[i].Name, err)
		}
	}
	return row, nil
}

func parseValue(kind string, v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case json.Number:
		if kind == kindInt {
			return v.Int64()
		}
	case bool:
		if kind == kindBool {
			return v, nil
		}
	case string:
		if kind == kindText || kind == kindWords {
			return v, nil
		}
	case map[string]any:
		return parseTagged(kind, v)
	}
	return nil, fmt.Errorf("a JSON %T in a column of %s", v, kind)
}

func parseTagged(kind string, m map[string]any) (any, error) {
	for tag, v := range m {
		s, _ := v.(string)
		switch {
		case tag == "b" && kind == kindBytes:
			return base64.StdEncoding.DecodeString(s)
		case tag == "t" && kind == kindText:
			b, err := base64.StdEncoding.DecodeString(s)
			return string(b), err
		case tag == "f" && kind == kindReal:
			return strconv.ParseFloat(s, 64)
		}
	}
	return nil, errors.New("an object that is no value")
}
