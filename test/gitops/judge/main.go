// Judge says how GitOps tools read objects: by kstatus, the code that Flux decides with, and by Lua scripts, run the way Argo CD
// runs them. It reads questions as one JSON document from stdin and writes the answers, in order, to stdout. Nothing else: no
// cluster, no files.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type question struct {
	// kstatus, health or lua
	Ask string `json:"ask"`
	// Of health and lua: the script.
	Script string                    `json:"script"`
	Object unstructured.Unstructured `json:"object"`
}

type answer struct {
	Status  string `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
	// Of lua: what the script returned.
	Value any    `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
}

func main() {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		fmt.Fprintf(os.Stderr, "cannot read the questions: %v\n", err)
		os.Exit(2)
	}
	answers := make([]answer, 0, len(questions))
	for _, one := range questions {
		answers = append(answers, answerTo(one))
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fmt.Fprintf(os.Stderr, "cannot write the answers: %v\n", err)
		os.Exit(1)
	}
}

func answerTo(asked question) answer {
	switch asked.Ask {
	case "kstatus":
		return kstatus(&asked.Object)
	case "health":
		return health(asked.Script, &asked.Object)
	case "lua":
		value, err := runLua(asked.Script, &asked.Object)
		if err != nil {
			return answer{Error: err.Error()}
		}
		return answer{Value: value}
	default:
		return answer{Error: fmt.Sprintf("no such question: %q", asked.Ask)}
	}
}

func kstatus(object *unstructured.Unstructured) answer {
	result, err := status.Compute(object)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Status: string(result.Status), Message: result.Message}
}
