// An MQTT broker as its library makes one: main ADDRESS DATABASE.
package main

import (
	"log"
	"os"
	"os/signal"
	"syscall"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/hooks/storage/bolt"
	"github.com/mochi-mqtt/server/v2/listeners"
)

func main() {
	server := mqtt.New(nil)
	check(server.AddHook(new(auth.AllowHook), nil))
	check(server.AddHook(new(bolt.Hook), &bolt.Options{Path: os.Args[2]}))
	check(server.AddListener(listeners.NewTCP(listeners.Config{ID: "tcp", Address: os.Args[1]})))
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	check(server.Serve())
	<-signals
	check(server.Close())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
