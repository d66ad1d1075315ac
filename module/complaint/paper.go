package complaint

import (
	"huiyin/core"
	"huiyin/web"
)

// forms are the papers of this module.
func forms() []core.Form { return nil }

func routes() []web.Route { return nil }
