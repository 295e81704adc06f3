package io.zygotes.launcher.measure.bench;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * What leaves cost in memory, in MiB.
 *
 * @param set which packages they import
 * @param leafPrivateMb private memory of one more leaf that was forked from a zygote (median)
 * @param freshPrivateMb private memory of one more leaf that was not (median)
 * @param withZygotes what is charged with zygotes
 * @param withoutZygotes what is charged without
 * @param memoryMb the given memory
 * @param timesAsMany how many times as many leaves fit into it with zygotes as without
 */
record MemoryReport(
        @JsonProperty("set") String set,
        @JsonProperty("leaf_private_mb") double leafPrivateMb,
        @JsonProperty("fresh_private_mb") double freshPrivateMb,
        @JsonProperty("with_zygotes") Charges withZygotes,
        @JsonProperty("without_zygotes") Charges withoutZygotes,
        @JsonProperty("memory_mb") int memoryMb,
        @JsonProperty("times_as_many") double timesAsMany) {

    static MemoryReport of(
            String set, double leafPrivate, double freshPrivate, Charges with, Charges without, int memoryMb) {
        double times = without.leavesThatFit() == 0 ? 0 : (double) with.leavesThatFit() / without.leavesThatFit();
        return new MemoryReport(
                set, rounded(leafPrivate), rounded(freshPrivate), with, without, memoryMb, rounded(times));
    }

    private static double rounded(double value) {
        return Math.round(value * 100) / 100.0;
    }

    /**
     * What the kernel charges to the cgroups of sandboxes, page tables and the like included.
     *
     * @param leaves how many leaves were made
     * @param leavesMb by how much the charge of all sandboxes together grew when they were made; what a leaf touches
     *     before it is in a version 1 cgroup of its own is charged to its zygote
     * @param zygotesMb what the zygotes were charged before; they are needed once
     * @param machineMbPerLeaf by how much the machine's available memory shrank for each leaf: charges, and what the
     *     kernel and the worker keep for it beside. On a machine that does other things, this is noise
     * @param machine the same, and what of it is what
     * @param leavesThatFit how many leaves fit into the given memory if each further one costs what these cost
     */
    record Charges(
            @JsonProperty("leaves") int leaves,
            @JsonProperty("leaves_mb") double leavesMb,
            @JsonProperty("zygotes_mb") double zygotesMb,
            @JsonProperty("machine_mb_per_leaf") double machineMbPerLeaf,
            @JsonProperty("machine_per_leaf") MachineMemory machine,
            @JsonProperty("leaves_that_fit") int leavesThatFit) {

        static Charges of(int leaves, double leavesMb, double zygotesMb, MachineMemory machine, int memoryMb) {
            if (leavesMb <= 0) {
                throw new IllegalArgumentException(leaves + " leaves are charged " + leavesMb + " MiB");
            }
            double room = Math.max(memoryMb - zygotesMb, 0);
            int fit = (int) (room / (leavesMb / leaves));
            double available = rounded(machine.availableMb());
            return new Charges(leaves, rounded(leavesMb), rounded(zygotesMb), available, machine.rounded(), fit);
        }
    }
}
