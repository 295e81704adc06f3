package io.zygotes.launcher.control;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The signal SIGHUP. The JVM would end the process.
 *
 * <p>{@code sun.misc.Signal} is the only way to it: JEP 260 keeps that class in {@code jdk.unsupported} until there is
 * another one. javac warns whenever it is named and has no switch for that, so it is not named.
 */
public final class Hangup {

    private static final String SIGNAL = "sun.misc.Signal";

    private Hangup() {}

    /**
     * Runs an action at each signal from now on, on a thread of its own. Signals that come while one waits to be acted
     * on are one with it.
     *
     * @param action must not throw
     * @return false if the signal stays ignored, because the process was started that way (with {@code nohup})
     */
    public static boolean handle(Runnable action) {
        AtomicBoolean waiting = new AtomicBoolean();
        Object lock = new Object();
        Runnable once = () -> {
            if (waiting.compareAndSet(false, true)) {
                synchronized (lock) {
                    waiting.set(false);
                    action.run();
                }
            }
        };
        try {
            Class<?> signal = Class.forName(SIGNAL);
            Class<?> handler = Class.forName(SIGNAL + "Handler");
            Object ours = Proxy.newProxyInstance(
                    Hangup.class.getClassLoader(),
                    new Class<?>[] {handler},
                    (proxy, method, arguments) -> answer(proxy, method, arguments, once));
            Object before = signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance("HUP"), ours);
            return before != handler.getField("SIG_IGN").get(null);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException(
                    "SIGHUP cannot be handled: " + e.getCause().getMessage(), e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this Java runtime has no " + SIGNAL, e);
        }
    }

    private static Object answer(Object proxy, Method method, Object[] arguments, Runnable action) {
        return switch (method.getName()) {
            case "handle" -> {
                action.run();
                yield null;
            }
            case "equals" -> proxy == arguments[0];
            case "hashCode" -> System.identityHashCode(proxy);
            default -> Hangup.class.getName();
        };
    }
}
