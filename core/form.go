package core

// Form is a paper form of the regulation: its number, the clause that asks for it and its title.
type Form struct {
	Code   string // "FM-GL-011-0"
	Clause string // "DX.13"
	Title  Text
}

// Action is one thing that may be done to a record now: the page draws its button, and when Err is not nil draws it
// closed with the reason and the clause. The same check is the verb's first line.
type Action struct {
	Verb    string // "quote": the last part of the URL and of the permission
	Label   Text
	Primary bool
	Danger  bool // ends or removes something: stands last
	Err     error
	Why     Text // said under an open button ("户内有偿,先报价")
	Clause  string
}
