// SPDX-License-Identifier: Apache-2.0

// A client and a server on Go's crypto/tls with its default groups.
//
//	go-peer client PORT AUTHORITY GROUPS MESSAGE    (GROUPS: code points with commas; may be empty)
//	go-peer server CERTIFICATE KEY GROUPS           (echoes one connection)
//
// Both print the group.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"strconv"
	"strings"
)

func groups(text string) []tls.CurveID {
	var list []tls.CurveID
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
		value, err := strconv.ParseUint(word, 0, 16)
		check(err)
		list = append(list, tls.CurveID(value))
	}
	return list
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func report(connection *tls.Conn) {
	check(connection.Handshake())
	state := connection.ConnectionState()
	fmt.Printf("%s, group %v, retried %v\n", runtime.Version(), state.CurveID, state.HelloRetryRequest)
}

func client(port, authority, list, message string) {
	bytes, err := os.ReadFile(authority)
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bytes)
	connection, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{
		RootCAs: roots, ServerName: "localhost", CurvePreferences: groups(list),
	})
	check(err)
	report(connection)
	_, err = io.WriteString(connection, message+"\n")
	check(err)
	// An echo is a line; an answer to HTTP ends with the connection.
	if strings.HasPrefix(message, "GET ") {
		answer, err := io.ReadAll(connection)
		check(err)
		fmt.Println(string(answer))
	} else {
		answer, err := bufio.NewReader(connection).ReadString('\n')
		check(err)
		fmt.Println(answer)
	}
	check(connection.Close())
}

func server(certificate, key, list string) {
	pair, err := tls.LoadX509KeyPair(certificate, key)
	check(err)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{pair}, CurvePreferences: groups(list),
	})
	check(err)
	fmt.Println("listening on", listener.Addr())
	accepted, err := listener.Accept()
	check(err)
	connection := accepted.(*tls.Conn)
	report(connection)
	_, err = io.Copy(connection, connection)
	check(err)
	check(connection.Close())
}

func main() {
	switch arguments := os.Args[2:]; os.Args[1] {
	case "client":
		client(arguments[0], arguments[1], arguments[2], arguments[3])
	case "server":
		server(arguments[0], arguments[1], arguments[2])
	}
}
