package io.zygotes.sandbox.sock.sandbox;

import io.zygotes.sandbox.sock.cgroup.SandboxGroup;
import io.zygotes.sandbox.sock.protocol.Channel;
import io.zygotes.spi.SandboxEvent;
import java.util.function.Consumer;

/**
 * What every sandbox has.
 *
 * @param id unique while the worker runs
 * @param group its cgroups
 * @param channel the worker's end of its channel
 * @param reaper frees what it held after its end
 * @param events is told that it died by itself
 */
public record Belongings(
        String id, SandboxGroup group, Channel channel, Reaper reaper, Consumer<SandboxEvent> events) {}
