package main

import (
	"strings"
	"sync"
	"time"

	"github.com/cloudnativelabs/kube-router/v2/pkg/utils"
)

// How long what was seen of the rules that never change is believed. Others that write rules, kube-proxy alone here, may come between them.
const believed = 15 * time.Second

// fixedRules answers the controller's questions about the two dozen rules that stand before those of pods and policies, and are the same
// at each writing. Each question starts a program that reads all rules of the node, every second and on each node; here it is asked again
// when the answer is old, or when the controller has changed one of them. Rules of pods and policies aren't asked for in this way.
type fixedRules struct {
	utils.IPTablesHandler
	mutex sync.Mutex
	since time.Time
	known map[string]any
}

// ask gives the answer that is known, or asks; errors are asked about again.
func ask[T any](rules *fixedRules, question []string, answer func() (T, error)) (T, error) {
	rules.mutex.Lock()
	defer rules.mutex.Unlock()
	if time.Since(rules.since) > believed {
		rules.since, rules.known = time.Now(), map[string]any{}
	}
	key := strings.Join(question, "\x00")
	if known, ok := rules.known[key].(T); ok {
		return known, nil
	}
	found, err := answer()
	if err == nil {
		rules.known[key] = found
	}
	return found, err
}

// forget makes the next questions new ones.
func (rules *fixedRules) forget() {
	rules.mutex.Lock()
	defer rules.mutex.Unlock()
	rules.since = time.Time{}
}

func (rules *fixedRules) Exists(table, chain string, rule ...string) (bool, error) {
	return ask(rules, append([]string{"exists", table, chain}, rule...), func() (bool, error) { return rules.IPTablesHandler.Exists(table, chain, rule...) })
}

func (rules *fixedRules) ChainExists(table, chain string) (bool, error) {
	return ask(rules, []string{"chain", table, chain}, func() (bool, error) { return rules.IPTablesHandler.ChainExists(table, chain) })
}

func (rules *fixedRules) List(table, chain string) ([]string, error) {
	return ask(rules, []string{"list", table, chain}, func() ([]string, error) { return rules.IPTablesHandler.List(table, chain) })
}

func (rules *fixedRules) AppendUnique(table, chain string, rule ...string) error {
	_, err := ask(rules, append([]string{"append", table, chain}, rule...), func() (bool, error) { return true, rules.IPTablesHandler.AppendUnique(table, chain, rule...) })
	return err
}

func (rules *fixedRules) Insert(table, chain string, position int, rule ...string) error {
	defer rules.forget()
	return rules.IPTablesHandler.Insert(table, chain, position, rule...)
}

func (rules *fixedRules) Delete(table, chain string, rule ...string) error {
	defer rules.forget()
	return rules.IPTablesHandler.Delete(table, chain, rule...)
}

func (rules *fixedRules) NewChain(table, chain string) error {
	defer rules.forget()
	return rules.IPTablesHandler.NewChain(table, chain)
}
