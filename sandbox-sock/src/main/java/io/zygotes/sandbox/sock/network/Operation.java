package io.zygotes.sandbox.sock.network;

/** What was refused. The ordinal is the number that the kernel's side has for it. */
enum Operation {
    /** connect(2). */
    CONNECT("connect to"),
    /** sendto(2) and sendmsg(2). */
    SEND("send to"),
    /** bind(2). */
    BIND("bind to"),
    /** socket(2). */
    SOCKET("socket of protocol"),
    /** A packet whose address was not the one that was allowed. */
    PACKET("packet to");

    private final String words;

    Operation(String words) {
        this.words = words;
    }

    /** How a sentence about it begins. */
    String words() {
        return words;
    }
}
