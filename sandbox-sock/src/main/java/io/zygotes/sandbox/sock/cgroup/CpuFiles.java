package io.zygotes.sandbox.sock.cgroup;

import io.zygotes.sandbox.sock.linux.FileIo;
import java.io.IOException;

/** The files of the cpu controller in one group, whichever version has it. */
sealed interface CpuFiles permits CpuFiles.Version1, CpuFiles.Version2 {

    /** The period in which a group may use its share, in microseconds. */
    int PERIOD = 100_000;

    /**
     * Sets the share.
     *
     * @param percent {@code limits.cpu_percent}: 100 is one processor
     */
    void limit(int percent) throws IOException;

    /** The files of the version that has the controller, in a group's folder. */
    static CpuFiles of(String folder, boolean isUnified) {
        return isUnified ? new Version2(folder) : new Version1(folder);
    }

    /** Microseconds of a processor in each period. */
    private static long quota(int percent) {
        return (long) percent * PERIOD / 100;
    }

    /** Those of Documentation/scheduler/sched-bwc.rst. */
    record Version1(String folder) implements CpuFiles {
        @Override
        public void limit(int percent) throws IOException {
            KernelFile.writeIfThere(folder + "/cpu.cfs_period_us", Integer.toString(PERIOD));
            KernelFile.writeIfThere(folder + "/cpu.cfs_quota_us", Long.toString(quota(percent)));
        }
    }

    /** Those of Documentation/admin-guide/cgroup-v2.rst. */
    record Version2(String folder) implements CpuFiles {
        @Override
        public void limit(int percent) throws IOException {
            FileIo.writeFile(folder + "/cpu.max", quota(percent) + " " + PERIOD);
        }
    }
}
