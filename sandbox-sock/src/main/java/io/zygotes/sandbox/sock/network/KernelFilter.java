package io.zygotes.sandbox.sock.network;

import io.zygotes.sandbox.sock.linux.BpfPrograms;
import io.zygotes.sandbox.sock.linux.BpfPrograms.Hook;
import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.LinuxException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Puts the programs into the kernel. */
final class KernelFilter {

    private KernelFilter() {}

    /**
     * Loads all programs and attaches them to a cgroup. They stay as long as the cgroup is there, also when this
     * process is gone: sandboxes may live a moment longer.
     *
     * @param cgroup a folder of the version 2 hierarchy, in which no process is yet
     * @throws IOException if this kernel cannot do it, or does not let this process
     */
    static FilterMaps attach(Path cgroup) throws IOException {
        FilterMaps maps = FilterMaps.make();
        List<Descriptor> loaded = new ArrayList<>();
        try {
            FilterPrograms programs = new FilterPrograms(maps, choosesError(maps));
            for (Hook hook : Hook.values()) {
                loaded.add(BpfPrograms.load(name(hook), hook, programs.of(hook)));
            }
            // Only when all are there: some of them would be no wall.
            for (Hook hook : Hook.values()) {
                BpfPrograms.attach(loaded.get(hook.ordinal()), hook, cgroup.toString());
            }
            return maps;
        } catch (IOException e) {
            maps.close();
            throw e;
        } finally {
            loaded.forEach(Descriptor::close);
        }
    }

    /** Whether this kernel could do it, as far as that can be seen without a cgroup. */
    static void tryOut() throws IOException {
        try (FilterMaps maps = FilterMaps.make();
                GroupTable _ = new GroupTable(maps)) {
            FilterPrograms programs = new FilterPrograms(maps, choosesError(maps));
            for (Hook hook : Hook.values()) {
                BpfPrograms.load(name(hook), hook, programs.of(hook)).close();
            }
        }
    }

    private static String name(Hook hook) {
        // The kernel takes 15 letters.
        return "zy_" + hook.name().toLowerCase(Locale.ROOT).replace("socket_", "sock_");
    }

    private static boolean choosesError(FilterMaps maps) throws IOException {
        try {
            BpfPrograms.load("zy_try", Hook.CONNECT4, new FilterPrograms(maps, true).of(Hook.CONNECT4))
                    .close();
            return true;
        } catch (LinuxException e) {
            return false;
        }
    }
}
