package io.zygotes.sandbox.sock.protocol;

import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.Messages;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeoutException;

/** The worker's end of the socket to the warden. Any thread may send and close; one may receive. */
public final class WardenChannel implements AutoCloseable {

    private final Channel channel;

    /** @param socket this end; owned by the channel from now on */
    public WardenChannel(Descriptor socket) {
        channel = new Channel(socket, files -> files.forEach(Descriptor::close));
    }

    /**
     * Tells it what to be.
     *
     * @param group the folder of its cgroup
     * @param settings a detached mount: what becomes /etc
     * @param deadline the moment ({@link System#nanoTime}) until which it may take; as for all that follow
     */
    public void instruct(WardenInstructions instructions, Descriptor group, Descriptor settings, long deadline)
            throws IOException, TimeoutException, InterruptedException {
        channel.send(Json.MAPPER.writeValueAsBytes(instructions.toMap()), deadline, List.of(group, settings));
        // A message for each: none holds as many paths as may come.
        for (List<String> entry : instructions.entries()) {
            channel.send(Json.MAPPER.writeValueAsBytes(Map.of(Protocol.KEY_ENTRY, entry)), deadline);
        }
    }

    /**
     * Asks for a fresh sandbox.
     *
     * @param id a number for the answer
     */
    public void spawn(long id, LaunchRequest request, long deadline)
            throws IOException, TimeoutException, InterruptedException {
        byte[] data = written(id, request.forWarden());
        channel.send(data, deadline, request.descriptors().inOrder());
    }

    /**
     * Asks it to write the maps of a zygote that was forked.
     *
     * @param id a number for the answer
     * @param pid the zygote's process, in whose name this is sent: the kernel translates its number for the warden
     * @param ids outside is as the parent zygote sees it
     */
    public void map(long id, int pid, IdMap ids, long deadline)
            throws IOException, TimeoutException, InterruptedException {
        byte[] data = written(id, Map.of(Protocol.KEY_OP, Protocol.OP_MAP, Protocol.KEY_MAP, ids.written()));
        channel.sendAs(pid, data, deadline);
    }

    /**
     * Has open files closed by a process of its own, which waits until the gate is closed everywhere else.
     *
     * @param id a number for the answer
     * @param gate the reading end of a pipe
     */
    public void dispose(long id, Descriptor gate, List<Descriptor> files, long deadline)
            throws IOException, TimeoutException, InterruptedException {
        List<Descriptor> all = new ArrayList<>(files);
        all.addFirst(gate);
        channel.send(written(id, Map.of(Protocol.KEY_OP, Protocol.OP_DISPOSE)), deadline, all);
    }

    private static byte[] written(long id, Map<String, Object> request) throws IOException {
        Map<String, Object> numbered = new HashMap<>(request);
        numbered.put(Protocol.KEY_ID, id);
        return Json.MAPPER.writeValueAsBytes(numbered);
    }

    /**
     * Waits for what it says next.
     *
     * @return empty if it has ended
     * @throws IOException if it is unreadable, or the channel is closed
     */
    public Optional<WardenMessage> receive() throws IOException {
        Messages.Received received = channel.receivePacket();
        return received.data().length == 0 ? Optional.empty() : Optional.of(WardenMessage.read(received));
    }

    @Override
    public void close() {
        channel.close();
    }
}
