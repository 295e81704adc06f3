package io.zygotes.sandbox.sock.protocol;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeoutException;

/**
 * Asks for a process: a zygote to fork, or the warden for a fresh one.
 *
 * @param common what it has in common with many others
 * @param name its host name, which is also its id
 * @param ids of its user namespace, whose first id is its own; a zygote that is forked gets its map later
 * @param environment the whole environment of a leaf that is told everything ahead, if it differs from its zygote's;
 *     else empty
 * @param descriptors what comes with the request
 * @param trial whether a zygote forks a single leaf, without an interpreter of its own
 */
public record LaunchRequest(
        CommonPart common,
        String name,
        IdMap ids,
        Map<String, String> environment,
        RequestDescriptors descriptors,
        boolean trial) {

    /** Copies the map. */
    public LaunchRequest {
        environment = Map.copyOf(environment);
    }

    /** One that is no trial. */
    public LaunchRequest(
            CommonPart common,
            String name,
            IdMap ids,
            Map<String, String> environment,
            RequestDescriptors descriptors) {
        this(common, name, ids, environment, descriptors, false);
    }

    /** Whether an environment may be told ahead: a request that is cut off would be the end of the zygote. */
    public static boolean fits(Map<String, String> environment) throws IOException {
        return environment.isEmpty()
                || Json.MAPPER.writeValueAsBytes(environment).length <= Protocol.LARGEST_ENVIRONMENT;
    }

    /** The four lines for a zygote. */
    byte[] forZygote(CommonTexts texts) throws IOException {
        // A forked zygote cannot write its own maps.
        String line = common.kind() == SandboxKind.ZYGOTE ? "" : ids.line();
        String rest = environment.isEmpty()
                ? ""
                : Json.MAPPER.writeValueAsString(Map.of(Protocol.KEY_ENVIRONMENT, environment));
        return String.join(Protocol.LINE_END, texts.of(common), name, line, rest)
                .getBytes(StandardCharsets.UTF_8);
    }

    /** The object for the warden, but for its number. */
    Map<String, Object> forWarden() {
        Map<String, Object> all = new HashMap<>(common.toMap());
        all.put(Protocol.KEY_OP, Protocol.OP_SPAWN);
        all.put(Protocol.KEY_NAME, name);
        all.put(Protocol.KEY_UID, ids.inside());
        all.put(Protocol.KEY_MAP, ids.written());
        if (trial) {
            all.put(Protocol.KEY_TRIAL, true);
        }
        return all;
    }

    /**
     * Sends it to a zygote.
     *
     * @param zygote the worker's end of its channel
     * @param deadline the moment ({@link System#nanoTime}) until which it may take
     */
    public void sendTo(Channel zygote, CommonTexts texts, long deadline)
            throws IOException, TimeoutException, InterruptedException {
        zygote.send(forZygote(texts), deadline, descriptors.inOrder());
    }
}
