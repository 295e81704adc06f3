package io.zygotes.sandbox.sock.protocol;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a sandbox is told after its birth.
 *
 * @param places where to attach the detached mounts that come with it, in their order
 * @param instructions what it must be, with which it goes; empty if more mounts follow
 */
public record Order(List<Place> places, Optional<Instructions> instructions) {

    /** How many mounts one order may have. */
    public static final int MOST_PLACES = Protocol.MOST_DESCRIPTORS;

    /**
     * Where a mount is attached.
     *
     * @param path as the sandbox sees it
     * @param isFolder whether it is a folder, else a file
     */
    public record Place(String path, boolean isFolder) {}

    /** The frame. */
    public byte[] frame() throws IOException {
        Map<String, Object> all = new HashMap<>();
        instructions.ifPresent(told -> all.putAll(told.toMap()));
        all.put(
                Protocol.KEY_MOUNTS,
                places.stream()
                        .map(place -> List.of(place.path(), place.isFolder()))
                        .toList());
        int kind = instructions.isPresent() ? Protocol.FRAME_GO : Protocol.FRAME_MOUNT;
        return Frame.encode(kind, Json.MAPPER.writeValueAsBytes(all));
    }
}
