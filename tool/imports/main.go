// Command imports holds the tree against DESIGN.md: the floors of the house (who may import whom), the files of a
// module, and a few habits that a compiler does not know. It prints every breach as file:line: words and exits 1.
//
//	go run ./tool/imports [ROOT]
package main

import (
	"fmt"
	"os"
)

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	found, err := Check(root)
	if err == nil {
		var stale []Breach
		stale, err = StaleTemplates(root)
		found = append(found, stale...)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, b := range found {
		fmt.Println(b)
	}
	if len(found) > 0 {
		os.Exit(1)
	}
}
