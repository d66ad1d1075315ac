package web_test

import (
	"testing"

	"huiyin/core"
	"huiyin/web"
)

func TestADoorLetsSoManyInAtOnce(t *testing.T) {
	d := web.NewDoor()
	first, err := d.Enter("a", 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Enter("a", 1, 2); !core.IsKind(err, core.KindBusy) {
		t.Errorf("a second of the same sender: %v", err)
	}
	if _, err := d.Enter("b", 1, 2); err != nil {
		t.Errorf("another sender: %v", err)
	}
	if _, err := d.Enter("c", 1, 2); !core.IsKind(err, core.KindBusy) {
		t.Errorf("a third at once: %v", err)
	}
	first()
	first() // leaving twice frees one place
	if _, err := d.Enter("c", 1, 2); err != nil {
		t.Errorf("after one left: %v", err)
	}
	if _, err := d.Enter("d", 1, 2); !core.IsKind(err, core.KindBusy) {
		t.Errorf("two are inside: %v", err)
	}
}

func TestADoorCountsEachKeyByItself(t *testing.T) {
	d := web.NewDoor()
	for i := range 3 {
		if err := d.Again("x", 2); core.IsKind(err, core.KindTooMany) != (i == 2) {
			t.Errorf("time %d: %v", i+1, err)
		}
	}
	if err := d.Again("y", 2); err != nil {
		t.Errorf("another key: %v", err)
	}
}
