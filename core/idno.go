package core

import (
	"regexp"
	"strings"
	"time"
	"unicode"
)

// FullToHalf turns full-width letters, digits, punctuation and spaces (Ａ１(，：　) into their ASCII forms; all else stays.
// The Chinese full stop 。 and enumeration comma 、 have no ASCII twin and stay.
func FullToHalf(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 0xFF01 && r <= 0xFF5E:
			return r - 0xFEE0
		case r == 0x3000 || r == 0xA0 || r == 0x2007 || r == 0x202F:
			return ' '
		case r == '【' || r == '〔' || r == '﹝':
			return '('
		case r == '】' || r == '〕' || r == '﹞':
			return ')'
		case r == '￥':
			return '¥'
		}
		return r
	}, s)
}

// compactID drops spaces and hyphens and raises letters, as identity numbers are compared.
func compactID(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '-' || r == '\'' {
			return -1
		}
		return unicode.ToUpper(r)
	}, FullToHalf(s))
}

// usccAlphabet is the code set of GB 32100-2015: digits and letters without I, O, S, V, Z; the index is the value.
const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

var (
	usccShape     = regexp.MustCompile(`^[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}$`)
	residentShape = regexp.MustCompile(`^\d{17}[\dX]$`)
	oldIDShape    = regexp.MustCompile(`^\d{15}$`)
	passportShape = regexp.MustCompile(`^(?:[A-Z]{1,2}\d{7,8}|[EGDSPK][A-Z]\d{7}|\d{9})$`)
)

// CheckUSCC says what is wrong with a unified social credit code [统一社会信用代码], or nil: 18 characters of the code
// set and the check character of GB 32100-2015. Spaces, hyphens, case and full-width forms do not matter.
func CheckUSCC(s string) error {
	s = compactID(s)
	if len(s) != 18 {
		return Invalid("", "统一社会信用代码应为 18 位,现为 %d 位", "a unified social credit code has 18 characters, not %d", len([]rune(s)))
	}
	if !usccShape.MatchString(s) {
		return Invalid("", "统一社会信用代码含有不允许的字符", "the unified social credit code has characters that it cannot have")
	}
	if usccCheck(s) != s[17] {
		return Invalid("", "统一社会信用代码校验位不符", "the check digit of the unified social credit code does not match")
	}
	return nil
}

// usccCheck computes the 18th character from the first 17: weights are powers of 3 modulo 31.
func usccCheck(s string) byte {
	sum, weight := 0, 1
	for i := range 17 {
		sum += strings.IndexByte(usccAlphabet, s[i]) * weight
		weight = weight * 3 % 31
	}
	return usccAlphabet[(31-sum%31)%31]
}

// CheckResidentID says what is wrong with a resident identity number [公民身份号码], or nil: 18 digits with a real birth
// date and the check digit of GB 11643, or 15 digits of the first generation, which have a birth date but no check.
func CheckResidentID(s string) error {
	s = compactID(s)
	switch {
	case oldIDShape.MatchString(s):
		if !birthDate("19" + s[6:12]) {
			return Invalid("", "身份证号中的出生日期不存在", "the birth date in the identity number does not exist")
		}
		return nil
	case !residentShape.MatchString(s):
		return Invalid("", "身份证号应为 18 位(或旧式 15 位),现为 %d 位或含有其他字符", "an identity number has 18 digits (15 in the old form); this has %d characters or other signs", len([]rune(s)))
	case !birthDate(s[6:14]):
		return Invalid("", "身份证号中的出生日期不存在", "the birth date in the identity number does not exist")
	case residentCheck(s) != s[17]:
		return Invalid("", "身份证号校验位不符", "the check digit of the identity number does not match")
	}
	return nil
}

func residentCheck(s string) byte {
	sum, weight := 0, 1
	for i := 16; i >= 0; i-- {
		weight = weight * 2 % 11
		sum += int(s[i]-'0') * weight
	}
	return "10X98765432"[sum%11]
}

// birthDate reports whether the eight digits are a day between 1850 and 2199: the check must not depend on today.
func birthDate(s string) bool {
	t, err := time.Parse("20060102", s)
	return err == nil && t.Year() >= 1850 && t.Year() < 2200
}

// KindOfID tells by shape, not by check digit, what an identity number is: "uscc", "resident", "passport" or "other".
// Eighteen digits are a resident's when they begin with a province and hold a birth date; those that begin with 9 are
// a firm's, unless only the resident's check digit fits (the foreigner's permanent residence card).
func KindOfID(s string) string {
	s = compactID(s)
	switch {
	case residentShape.MatchString(s) && isResident(s):
		return "resident"
	case usccShape.MatchString(s):
		return "uscc"
	case residentShape.MatchString(s), oldIDShape.MatchString(s) && province(s) && birthDate("19"+s[6:12]):
		return "resident"
	case passportShape.MatchString(s):
		return "passport"
	}
	return "other"
}

func isResident(s string) bool {
	if s[0] == '9' {
		return birthDate(s[6:14]) && residentCheck(s) == s[17] && CheckUSCC(s) != nil
	}
	return province(s) && (birthDate(s[6:14]) || s[17] == 'X')
}

// province reports whether the first two digits are a province of GB/T 2260.
func province(s string) bool {
	const known = " 11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83 "
	return strings.Contains(known, " "+s[:2]+" ")
}

var (
	mobileShape   = regexp.MustCompile(`^(?:\+86|0086|86|0)?(1[3-9]\d{9})$`)
	landlineShape = regexp.MustCompile(`^(?:(?:\+86|0086)0?|0)((?:10|2\d|[3-9]\d{2})[2-8]\d{6,7})$`)
	freeShape     = regexp.MustCompile(`^[48]00\d{7}$`)
	localShape    = regexp.MustCompile(`^[2-8]\d{6,7}$`)
	serviceShape  = regexp.MustCompile(`^(?:1[012]\d|1[02]\d{3}|12\d{3}|9[56]\d{3,4})$`)
	abroadShape   = regexp.MustCompile(`^(?:\+|00)([1-9]\d{6,14})$`)
	extensionCut  = regexp.MustCompile(`^(.*\d)\s*(?:转|轉|分机|ext\.?|EXT\.?|Ext\.?|x|#|-)\s*(\d{1,6})$`)
)

// NormalPhone normalises one telephone number: a mobile (13886069977), a landline with its area code (075583456789) or
// without (83456789), 400 and 800 numbers, short service numbers, and foreign ones (+85223456789). Spaces, hyphens,
// brackets, +86 and full-width forms go; an extension stays behind a hyphen (075583456789-802). What is no telephone
// number comes back as it was written (trimmed) and false.
func NormalPhone(s string) (Phone, bool) {
	written := strings.TrimSpace(FullToHalf(s))
	if p, ok := plainPhone(written); ok {
		return p, true
	}
	if m := extensionCut.FindStringSubmatch(written); m != nil {
		if p, ok := plainPhone(m[1]); ok && !mobileShape.MatchString(string(p)) {
			return p + "-" + Phone(m[2]), true
		}
	}
	return Phone(written), false
}

func plainPhone(s string) (Phone, bool) {
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -()—–‐‑\t", r) {
			return -1
		}
		return r
	}, s)
	if m := mobileShape.FindStringSubmatch(digits); m != nil {
		return Phone(m[1]), true
	}
	if m := landlineShape.FindStringSubmatch(digits); m != nil {
		return Phone("0" + m[1]), true
	}
	if freeShape.MatchString(digits) || localShape.MatchString(digits) || serviceShape.MatchString(digits) {
		return Phone(digits), true
	}
	if m := abroadShape.FindStringSubmatch(digits); m != nil && !strings.HasPrefix(m[1], "86") {
		return Phone("+" + m[1]), true
	}
	return "", false
}
