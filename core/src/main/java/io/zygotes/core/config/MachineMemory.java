package io.zygotes.core.config;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** How much memory this machine, or the container that the worker runs in, has. */
final class MachineMemory {

    private MachineMemory() {}

    static int megabytes() {
        long bytes =
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
        return (int) Math.min(Integer.MAX_VALUE, bytes >> 20);
    }
}
