package core

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// ID is the key of a row: 64 bits, sorted by time, made in the application (db.Tx.NewID). It is a string in JSON and
// URLs, since a browser's numbers end at 53 bits. Zero means none and is NULL in the database.
type ID int64

// Firm stands in project_id for what belongs to the whole firm: users, roles, the regulation.
const Firm ID = 1

// ParseID reads an ID as String wrote it; it refuses zero and negative numbers.
func ParseID(s string) (ID, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return 0, Invalid("", "编号 %q 不正确", "%q is not an id", s)
	}
	return ID(n), nil
}

func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// MarshalJSON writes a string, or null for none.
func (id ID) MarshalJSON() ([]byte, error) {
	if id == 0 {
		return []byte("null"), nil
	}
	return []byte(`"` + id.String() + `"`), nil
}

// UnmarshalJSON reads a string or null.
func (id *ID) UnmarshalJSON(b []byte) error {
	var s *string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	if s == nil || *s == "" {
		*id = 0
		return nil
	}
	n, err := ParseID(*s)
	*id = n
	return err
}

// Ref names one record: the module's kind ("repair", "customer") and its key. Project is Firm for firm-wide records.
type Ref struct {
	Project ID     `json:"project"`
	Kind    string `json:"kind"`
	ID      ID     `json:"id"`
}

func (r Ref) String() string { return fmt.Sprintf("%s/%s", r.Kind, r.ID) }

// ParseRef reads "kind/id" as String wrote it, for the given project.
func ParseRef(project ID, s string) (Ref, error) {
	kind, id, ok := strings.Cut(s, "/")
	if !ok || kind == "" {
		return Ref{}, Invalid("", "编号 %q 不正确", "%q is not a record", s)
	}
	n, err := ParseID(id)
	return Ref{Project: project, Kind: kind, ID: n}, err
}
