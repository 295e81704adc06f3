package io.zygotes.sandbox.sock.cgroup;

import java.io.IOException;

/** The files of the memory controller in one group, whichever version has it. */
sealed interface MemoryFiles permits MemoryFiles.Version1, MemoryFiles.Version2 {

    /** What is in use now, in bytes. */
    KernelFile inUse();

    /** The limit, in bytes. */
    KernelFile most();

    /** Tells among other things how many processes the kernel ended for want of memory. */
    KernelFile events();

    /**
     * Sets what else bounds memory.
     *
     * @param swappiness {@code limits.swappiness}
     * @param bytes the limit of memory
     */
    void limitRest(int swappiness, long bytes) throws IOException;

    /** The files of the version that has the controller, in a group's folder. */
    static MemoryFiles of(String folder, boolean isUnified) {
        return isUnified
                ? new Version2(
                        folder,
                        KernelFile.toRead(folder + "/memory.current"),
                        KernelFile.toWrite(folder + "/memory.max"),
                        KernelFile.toRead(folder + "/memory.events"))
                : new Version1(
                        folder,
                        KernelFile.toRead(folder + "/memory.usage_in_bytes"),
                        KernelFile.toWrite(folder + "/memory.limit_in_bytes"),
                        KernelFile.toRead(folder + "/memory.oom_control"));
    }

    /** The name of the file with the most that was ever in use, in bytes; version 2 has it since Linux 5.19. */
    String peak();

    /** Lets go of what is only needed while the sandbox works. */
    default void rest() {
        inUse().rest();
        events().rest();
    }

    /** The group is gone. */
    default void close() {
        inUse().close();
        events().close();
        most().close();
    }

    /** Those of Documentation/admin-guide/cgroup-v1/memory.rst. */
    record Version1(String folder, KernelFile inUse, KernelFile most, KernelFile events) implements MemoryFiles {

        /**
         * What is allowed for the buffers of sockets, which version 1 does not count as memory: a part of the memory.
         */
        private static final int SOCKET_PART = 8;

        @Override
        public String peak() {
            return folder + "/memory.max_usage_in_bytes";
        }

        @Override
        public void limitRest(int swappiness, long bytes) throws IOException {
            KernelFile.writeIfThere(folder + "/memory.swappiness", Integer.toString(swappiness));
            // Of TCP and UDP both, in spite of its name. Without it nothing bounds them below what the machine has.
            KernelFile.writeIfThere(folder + "/memory.kmem.tcp.limit_in_bytes", Long.toString(bytes / SOCKET_PART));
        }
    }

    /** Those of Documentation/admin-guide/cgroup-v2.rst. */
    record Version2(String folder, KernelFile inUse, KernelFile most, KernelFile events) implements MemoryFiles {

        @Override
        public String peak() {
            return folder + "/memory.peak";
        }

        @Override
        public void limitRest(int swappiness, long bytes) throws IOException {
            // Version 2 has no swappiness of a group; off swap is what 0 asks for (cgroups-v2, memory.swap.max).
            KernelFile.writeIfThere(folder + "/memory.swap.max", swappiness == 0 ? "0" : "max");
        }
    }
}
