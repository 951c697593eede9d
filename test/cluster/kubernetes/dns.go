package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/net/dns/dnsmessage"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
)

const (
	suffix = ".svc.cluster.local."
	// A query that comes over TCP is a name and a type: far below.
	longestQuery = 4096
)

// newDNSCommand serves the names of Services to pods, and nothing else: all of CoreDNS takes longer to compile than
// Kubernetes itself.
func newDNSCommand() *cobra.Command {
	return &cobra.Command{
		Use: "cluster-dns", SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error {
			ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			return serveDNS(ctx)
		},
	}
}

func serveDNS(ctx context.Context) error {
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	services := factory.Core().V1().Services().Lister()
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("no list of %v", kind)
		}
	}
	packets, err := net.ListenPacket("udp", ":5353")
	if err != nil {
		return err
	}
	streams, err := net.Listen("tcp", ":5353")
	if err != nil {
		return err
	}
	go func() {
		<-ctx.Done()
		packets.Close()
		streams.Close()
	}()
	go serveStreams(streams, services)
	// Ready once everything else is.
	go func() {
		log.Print(http.ListenAndServe(":8181", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	}()
	buffer := make([]byte, longestQuery)
	for {
		size, from, err := packets.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		if answer := reply(buffer[:size], services); answer != nil {
			_, _ = packets.WriteTo(answer, from) // Lost packets are asked for again.
		}
	}
}

func serveStreams(streams net.Listener, services corelisters.ServiceLister) {
	for {
		stream, err := streams.Accept()
		if err != nil {
			return
		}
		go func() {
			defer stream.Close()
			var size uint16
			for binary.Read(stream, binary.BigEndian, &size) == nil && size <= longestQuery {
				query := make([]byte, size)
				if _, err := io.ReadFull(stream, query); err != nil {
					return
				}
				answer := reply(query, services)
				if answer == nil {
					return
				}
				framed := binary.BigEndian.AppendUint16(nil, uint16(len(answer)))
				if _, err := stream.Write(append(framed, answer...)); err != nil {
					return
				}
			}
		}()
	}
}

// reply answers one query; nil where it is none.
func reply(query []byte, services corelisters.ServiceLister) []byte {
	var message dnsmessage.Message
	if message.Unpack(query) != nil || len(message.Questions) != 1 {
		return nil
	}
	question := message.Questions[0]
	message.Response, message.Authoritative = true, true
	message.Additionals, message.Answers = nil, nil
	address, found := lookUp(strings.ToLower(question.Name.String()), services)
	switch {
	case !found:
		message.RCode = dnsmessage.RCodeNameError
	case question.Type == dnsmessage.TypeA:
		header := dnsmessage.ResourceHeader{Name: question.Name, Class: question.Class, TTL: 5}
		message.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AResource{A: address}}}
	}
	answer, err := message.Pack()
	if err != nil {
		return nil
	}
	return answer
}

func lookUp(name string, services corelisters.ServiceLister) ([4]byte, bool) {
	service, namespace, _ := strings.Cut(strings.TrimSuffix(name, suffix), ".")
	if !strings.HasSuffix(name, suffix) {
		return [4]byte{}, false
	}
	found, err := services.Services(namespace).Get(service)
	if err != nil {
		return [4]byte{}, false
	}
	address := net.ParseIP(found.Spec.ClusterIP).To4()
	if address == nil {
		return [4]byte{}, false
	}
	return [4]byte(address), true
}
