package io.zygotes.sandbox.sock.protocol;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a sandbox has in common with many others. A zygote lays each distinct one out once.
 *
 * @param kind what it is for
 * @param privateNetwork whether it gets a network namespace, with nothing but a loopback device in it
 * @param seccomp whether it gets system-call filters
 * @param scope whether it gets a Landlock scope of its own
 * @param spare whether it waits for a lambda, and has time until then
 * @param mounts for a leaf that is told everything ahead: the paths of what comes as mounts; else empty
 * @param limits those that it sets itself, if they are known ahead
 */
public record CommonPart(
        SandboxKind kind,
        boolean privateNetwork,
        boolean seccomp,
        boolean scope,
        boolean spare,
        List<String> mounts,
        Optional<ProcessLimits> limits) {

    /** Checks for null and copies the list. */
    public CommonPart {
        Objects.requireNonNull(kind);
        mounts = List.copyOf(mounts);
        Objects.requireNonNull(limits);
    }

    /**
     * Written out: every request looks its text up, and what the compiler makes of a record's fields takes 7 us there.
     */
    @Override
    public int hashCode() {
        int flags = (privateNetwork ? 1 : 0) | (seccomp ? 2 : 0) | (scope ? 4 : 0) | (spare ? 8 : 0);
        int known = limits.isPresent() ? limits.get().hashCode() : 0;
        return ((kind.ordinal() * 31 + flags) * 31 + mounts.size()) * 31 + known;
    }

    /** As {@link #hashCode}. */
    @Override
    public boolean equals(Object other) {
        return this == other
                || other instanceof CommonPart part
                        && kind == part.kind
                        && privateNetwork == part.privateNetwork
                        && seccomp == part.seccomp
                        && scope == part.scope
                        && spare == part.spare
                        && mounts.equals(part.mounts)
                        && limits.equals(part.limits);
    }

    /** In an order, so that the same content is the same bytes. */
    Map<String, Object> toMap() {
        Map<String, Object> all = new TreeMap<>();
        all.put(Protocol.KEY_KIND, kind.word());
        all.put(Protocol.KEY_PRIVATE_NETWORK, privateNetwork);
        all.put(Protocol.KEY_SECCOMP, seccomp);
        all.put(Protocol.KEY_SCOPE, scope);
        all.put(Protocol.KEY_DESCRIPTORS, RequestDescriptors.names(mounts.size()));
        if (spare) {
            all.put(Protocol.KEY_SPARE, true);
        }
        if (!mounts.isEmpty()) {
            all.put(Protocol.KEY_MOUNTS, mounts);
        }
        limits.ifPresent(known -> all.put(Protocol.KEY_LIMITS, known.written()));
        return all;
    }
}
