package io.zygotes.sandbox.sock.linux;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;

/**
 * Mounts that are in no mount table: a descriptor holds each, it is gone when the last one is closed, and move_mount(2)
 * attaches it.
 */
public final class Mounts {

    // The same number on every architecture since Linux 5.2 (asm-generic/unistd.h).
    private static final long SYS_OPEN_TREE = 428;
    private static final long SYS_FSOPEN = 430;
    private static final long SYS_FSCONFIG = 431;
    private static final long SYS_FSMOUNT = 432;
    private static final long SYS_MOUNT_SETATTR = 442; // since Linux 5.12

    private static final int AT_FDCWD = -100;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int AT_RECURSIVE = 0x8000;
    private static final int OPEN_TREE_CLONE = 1;
    private static final int FSCONFIG_SET_FLAG = 0;
    private static final int FSCONFIG_SET_STRING = 1;
    private static final int FSCONFIG_CMD_CREATE = 6;
    /** mount_setattr(2): MOUNT_ATTR_NOSUID and MOUNT_ATTR_NODEV. */
    private static final long NOSUID_NODEV = 2 | 4;

    private static final long MOUNT_ATTR_RDONLY = 1;
    /** Room for the name of a mount's option, and for its value. */
    private static final int OPTION_SIZE = 1 << 10;

    private Mounts() {}

    /**
     * A detached copy of a mount, or of the part of it below a folder: open_tree(2), since Linux 5.2.
     *
     * @param path a folder or file
     * @param writable if false, the copy and all below it are read-only
     */
    public static Descriptor detachedTree(String path, boolean writable) throws LinuxException {
        Scratch s = Scratch.get();
        int flags = OPEN_TREE_CLONE | Native.CLOEXEC | AT_RECURSIVE;
        long tree = Native.syscall(
                "open_tree", path, SYS_OPEN_TREE, AT_FDCWD, s.path(path).address(), flags, 0, 0);
        Descriptor made = new Descriptor((int) tree);
        try {
            // struct mount_attr: what to set, what to clear, propagation, and a user namespace
            s.small.set(Native.LONG, 0, NOSUID_NODEV | (writable ? 0 : MOUNT_ATTR_RDONLY));
            s.small.set(Native.LONG, 8, 0);
            s.small.set(Native.LONG, 16, 0);
            s.small.set(Native.LONG, 24, 0);
            int how = AT_EMPTY_PATH | AT_RECURSIVE;
            Native.syscall(
                    "mount_setattr", path, SYS_MOUNT_SETATTR, tree, s.path("").address(), how, s.small.address(), 32);
            return made;
        } catch (LinuxException e) {
            made.close();
            throw e;
        }
    }

    /**
     * A new, empty tmpfs.
     *
     * @param megabytes how much it holds
     * @param inodes how many files it holds
     * @param owner user and group id of its root folder
     */
    public static Descriptor detachedTmpfs(int megabytes, int inodes, int owner) throws LinuxException {
        String id = Integer.toUnsignedString(owner);
        Map<String, String> options = Map.of(
                "size", megabytes + "m", "nr_inodes", Integer.toString(inodes), "mode", "755", "uid", id, "gid", id);
        return newMount("tmpfs", options, NOSUID_NODEV);
    }

    /**
     * Where the files of a detached mount can be reached, while the descriptor is open.
     *
     * @param mount what holds it
     */
    public static Path path(Descriptor mount) {
        return Path.of("/proc/self/fd/" + mount.number());
    }

    /**
     * A private, named cgroup v1 hierarchy without controllers that asks the kernel to make moving processes between
     * cgroups fast (favordynmods, since Linux 6.0). The wish holds for all hierarchies while the descriptor is open.
     *
     * @param name the hierarchy's, unique on the machine
     */
    public static Descriptor fastMoves(String name) throws LinuxException {
        return newMount("cgroup", Map.of("none", "", "favordynmods", "", "name", name), 0);
    }

    /** fsopen, fsconfig and fsmount, all since Linux 5.2; an option without a value is a flag. */
    private static Descriptor newMount(String kind, Map<String, String> options, long attributes)
            throws LinuxException {
        MemorySegment key = Scratch.get().data.asSlice(0, OPTION_SIZE);
        MemorySegment value = Scratch.get().data.asSlice(OPTION_SIZE, OPTION_SIZE);
        key.setString(0, kind);
        long context = Native.syscall("fsopen", kind, SYS_FSOPEN, key.address(), 1, 0, 0, 0);
        try (Descriptor _ = new Descriptor((int) context)) {
            for (Map.Entry<String, String> option : options.entrySet()) {
                boolean flag = option.getValue().isEmpty();
                key.setString(0, option.getKey());
                value.setString(0, option.getValue());
                Native.syscall(
                        "fsconfig",
                        option.getKey(),
                        SYS_FSCONFIG,
                        context,
                        flag ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING,
                        key.address(),
                        flag ? 0 : value.address(),
                        0);
            }
            Native.syscall("fsconfig create", kind, SYS_FSCONFIG, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
            return new Descriptor((int) Native.syscall("fsmount", kind, SYS_FSMOUNT, context, 1, attributes, 0, 0));
        }
    }
}
