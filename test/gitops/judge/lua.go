package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What Argo CD gives a script that an administrator configures without useOpenLibs: package, base and table, and a small os that
// is left out here, so that a script that needs it fails. No string, no math. A second, and then it is over.
var libraries = []struct {
	name string
	open lua.LGFunction
}{
	{lua.LoadLibName, lua.OpenPackage},
	{lua.BaseLibName, lua.OpenBase},
	{lua.TabLibName, lua.OpenTable},
}

const timeLimit = time.Second

// The words that Argo CD takes; it makes Unknown of any other.
var healthWords = []string{"Unknown", "Progressing", "Suspended", "Healthy", "Degraded", "Missing"}

func health(script string, object *unstructured.Unstructured) answer {
	value, err := runLua(script, object)
	if err != nil {
		return answer{Error: err.Error()}
	}
	table, isTable := value.(map[string]any)
	if !isTable {
		return answer{Error: fmt.Sprintf("the script returned no table but %T", value)}
	}
	word, _ := table["status"].(string)
	message, isText := table["message"].(string)
	if table["message"] != nil && !isText {
		return answer{Error: fmt.Sprintf("the message is no text but %T", table["message"])}
	}
	if !slices.Contains(healthWords, word) {
		return answer{Status: "Unknown", Message: fmt.Sprintf("the script returned an invalid status: %q", word)}
	}
	return answer{Status: word, Message: message}
}

// The script sees the object as the global `obj`; its last value is the result.
func runLua(script string, object *unstructured.Unstructured) (any, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for _, library := range libraries {
		call := lua.P{Fn: state.NewFunction(library.open), NRet: 0, Protect: true}
		if err := state.CallByParam(call, lua.LString(library.name)); err != nil {
			return nil, err
		}
	}
	limited, cancel := context.WithTimeout(context.Background(), timeLimit)
	defer cancel()
	state.SetContext(limited)
	state.SetGlobal("obj", toLua(state, object.Object))
	if err := state.DoString(script); err != nil {
		return nil, err
	}
	return fromLua(state.Get(-1))
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch known := value.(type) {
	case bool:
		return lua.LBool(known)
	case string:
		return lua.LString(known)
	case int64:
		return lua.LNumber(known)
	case float64:
		return lua.LNumber(known)
	case []any:
		list := state.NewTable()
		for _, item := range known {
			list.Append(toLua(state, item))
		}
		return list
	case map[string]any:
		table := state.NewTable()
		for key, item := range known {
			table.RawSetString(key, toLua(state, item))
		}
		return table
	default:
		return lua.LNil
	}
}

// A table with a first member is a list, and so is an empty one: Lua can't tell, and Argo CD takes it for one.
func fromLua(value lua.LValue) (any, error) {
	switch known := value.(type) {
	case *lua.LNilType:
		return nil, nil
	case lua.LBool:
		return bool(known), nil
	case lua.LString:
		return string(known), nil
	case lua.LNumber:
		return float64(known), nil
	case *lua.LTable:
		return fromTable(known)
	default:
		return nil, fmt.Errorf("the script returned a %s", value.Type())
	}
}

func fromTable(table *lua.LTable) (any, error) {
	if first, _ := table.Next(lua.LNil); first == lua.LNil || first.Type() == lua.LTNumber {
		list := make([]any, 0, table.Len())
		for at := 1; at <= table.Len(); at++ {
			item, err := fromLua(table.RawGetInt(at))
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		return list, nil
	}
	members := map[string]any{}
	var failed error
	table.ForEach(func(key, item lua.LValue) {
		member, err := fromLua(item)
		if err != nil && failed == nil {
			failed = err
		}
		members[key.String()] = member
	})
	return members, failed
}
