package io.zygotes.sandbox.sock.protocol;

import java.util.List;
import java.util.Map;

/**
 * What the process that becomes the warden is told.
 *
 * @param root the host's path of an empty folder, on which it mounts the base root in its own mount namespace
 * @param entries what the base root is made of, in this order; each begins with its kind and its path
 * @param python the path of the interpreter that fresh sandboxes run, as they see it
 * @param firstId the first host id that is the worker's; unsigned, as the kernel's are
 * @param ids how many there are
 */
public record WardenInstructions(String root, List<List<String>> entries, String python, int firstId, int ids) {

    Map<String, Object> toMap() {
        return Map.of(
                Protocol.KEY_ROOT, root,
                Protocol.KEY_ENTRIES, entries.size(),
                Protocol.KEY_PYTHON, python,
                Protocol.KEY_FIRST_ID, Integer.toUnsignedLong(firstId),
                Protocol.KEY_IDS, ids);
    }
}
