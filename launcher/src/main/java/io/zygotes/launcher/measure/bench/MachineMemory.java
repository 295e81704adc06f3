package io.zygotes.launcher.measure.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What /proc/meminfo says of the whole machine, in MiB: proc_meminfo(5).
 *
 * @param availableMb MemAvailable, of which the others are parts that are taken
 * @param anonymousMb AnonPages: memory of processes
 * @param slabMb Slab: the kernel's objects: of processes, namespaces, mounts, cgroups, sockets, files
 * @param percpuMb Percpu: the kernel's counters, of cgroups and mounts above all, once for each processor
 * @param pageTablesMb PageTables
 * @param kernelStackMb KernelStack: 16 KiB for each thread
 * @param sharedMb Shmem: files in tmpfs
 */
record MachineMemory(
        @JsonProperty("available_mb") double availableMb,
        @JsonProperty("anonymous_mb") double anonymousMb,
        @JsonProperty("slab_mb") double slabMb,
        @JsonProperty("percpu_mb") double percpuMb,
        @JsonProperty("page_tables_mb") double pageTablesMb,
        @JsonProperty("kernel_stack_mb") double kernelStackMb,
        @JsonProperty("shared_mb") double sharedMb) {

    private static final Path FILE = Path.of("/proc/meminfo");
    private static final double KB_PER_MB = 1024;

    /** Now. */
    static MachineMemory now() throws IOException {
        return parse(Files.readAllLines(FILE));
    }

    /** From the lines of the file. */
    static MachineMemory parse(List<String> lines) throws IOException {
        Map<String, Double> megabytes = new HashMap<>();
        for (String line : lines) {
            String[] words = line.split(":?\\s+");
            megabytes.put(words[0], Long.parseLong(words[1]) / KB_PER_MB);
        }
        for (String name :
                List.of("MemAvailable", "AnonPages", "Slab", "Percpu", "PageTables", "KernelStack", "Shmem")) {
            if (!megabytes.containsKey(name)) {
                throw new IOException(FILE + " does not say " + name);
            }
        }
        return new MachineMemory(
                megabytes.get("MemAvailable"),
                megabytes.get("AnonPages"),
                megabytes.get("Slab"),
                megabytes.get("Percpu"),
                megabytes.get("PageTables"),
                megabytes.get("KernelStack"),
                megabytes.get("Shmem"));
    }

    /** What each of so many has taken since: of the available memory what is gone, of the others what came. */
    MachineMemory takenByEach(MachineMemory later, int count) {
        return new MachineMemory(
                (availableMb - later.availableMb) / count,
                (later.anonymousMb - anonymousMb) / count,
                (later.slabMb - slabMb) / count,
                (later.percpuMb - percpuMb) / count,
                (later.pageTablesMb - pageTablesMb) / count,
                (later.kernelStackMb - kernelStackMb) / count,
                (later.sharedMb - sharedMb) / count);
    }

    /** To a thousandth. */
    MachineMemory rounded() {
        return new MachineMemory(
                rounded(availableMb),
                rounded(anonymousMb),
                rounded(slabMb),
                rounded(percpuMb),
                rounded(pageTablesMb),
                rounded(kernelStackMb),
                rounded(sharedMb));
    }

    private static double rounded(double value) {
        return Math.round(value * 1000) / 1000.0;
    }
}
