// Huiyin 回音 is the customer-service and operations system of commercial property.
package main

import (
	"os"

	"huiyin/app/command"
)

// version is set by the build.
var version = "dev"

func main() { os.Exit(command.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, version)) }
