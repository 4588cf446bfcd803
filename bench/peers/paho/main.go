// Paho for Go with manual acknowledgement: a message is acknowledged when its copy is confirmed, or the work is done, in the order of
// receipt, which the specification asks for and the library leaves to its user.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

type underWay struct {
	message mqtt.Message
	token   mqtt.Token
}

func options(port, id string) *mqtt.ClientOptions {
	return mqtt.NewClientOptions().
		AddBroker("tcp://127.0.0.1:" + port).
		SetClientID(id).
		SetKeepAlive(0).
		SetCleanSession(false).
		SetResumeSubs(true)
}

func connect(client mqtt.Client) {
	token := client.Connect()
	token.Wait()
	if err := token.Error(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	work, from, to, id, filter := os.Args[1], os.Args[2], os.Args[3], os.Args[5], os.Args[6]
	window, _ := strconv.Atoi(os.Args[4])
	pending := make(chan underWay, window)
	var target mqtt.Client
	if work == "bridge" {
		target = mqtt.NewClient(options(to, id+"-to"))
		connect(target)
	}
	source := options(from, id).SetAutoAckDisabled(true)
	source.SetDefaultPublishHandler(func(_ mqtt.Client, message mqtt.Message) {
		if target == nil {
			pending <- underWay{message, nil}
			return
		}
		pending <- underWay{message, target.Publish(message.Topic(), 1, false, message.Payload())}
	})
	source.SetOnConnectHandler(func(client mqtt.Client) { client.Subscribe(filter, 1, nil) })
	connect(mqtt.NewClient(source))
	sum := 0
	for one := range pending {
		if one.token != nil {
			one.token.Wait()
			if one.token.Error() != nil {
				continue
			}
		} else {
			number, _ := strconv.Atoi(strings.TrimRight(string(one.message.Payload()), "."))
			sum += number
		}
		one.message.Ack()
	}
}
