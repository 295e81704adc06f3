package io.zygotes.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.testkit.FakeContext;
import io.zygotes.spi.testkit.FakePackages;
import io.zygotes.spi.testkit.FakeSandboxes;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class ForwardingSandboxesTest {

    private static final LeafSpec LEAF = FakeContext.leaf("hello", Set.of());

    /** Nothing but the base. */
    private static final class Plain extends ForwardingSandboxes {
        private Plain(Sandboxes delegate) {
            super(delegate);
        }
    }

    /** A method that comes with a later revision has a body, so only this test says that the base lacks it. */
    @Test
    void allIsPassedOnWithItsArguments() throws Exception {
        List<Method> called = new ArrayList<>();
        List<Object[]> given = new ArrayList<>();
        Sandboxes recording = (Sandboxes) Proxy.newProxyInstance(
                Sandboxes.class.getClassLoader(), new Class<?>[] {Sandboxes.class}, (proxy, method, arguments) -> {
                    called.add(method);
                    given.add(arguments);
                    return method.getReturnType() == boolean.class ? Boolean.TRUE : null;
                });
        Sandboxes forwarding = new Plain(recording);

        List<Method> methods = Arrays.stream(Sandboxes.class.getMethods())
                .filter(method -> !Modifier.isStatic(method.getModifiers()))
                .filter(method -> !method.getName().endsWith("From"))
                .toList();
        assertTrue(methods.size() >= 8, () -> "only " + methods);
        for (Method method : methods) {
            Object[] arguments = Arrays.stream(method.getParameterTypes())
                    .map(type -> type == double.class ? (Object) 0.5 : type == Optional.class ? Optional.empty() : null)
                    .toArray();
            Object answer = method.invoke(forwarding, arguments);

            assertEquals(method, called.isEmpty() ? null : called.getLast(), "what was called behind " + method);
            assertEquals(Arrays.asList(arguments), Arrays.asList(given.getLast()), method::toString);
            assertEquals(method.getReturnType() == boolean.class ? Boolean.TRUE : null, answer, method::toString);
        }
        assertEquals(methods, called);
    }

    @Test
    void whatIsReplacedOnceGoesThroughTheMethodsOfTheSubclass() throws Exception {
        List<Leaf> seen = new ArrayList<>();
        Sandboxes noting = new ForwardingSandboxes(new FakeSandboxes(FakePackages.wellKnown(), 4096)) {
            @Override
            public Leaf createLeaf(Optional<Zygote> parent, LeafSpec spec)
                    throws SandboxException, InterruptedException {
                seen.add(super.createLeaf(parent, spec));
                return seen.getLast();
            }
        };

        Leaf made = noting.createLeafFrom(Optional::empty, LEAF);

        assertEquals(List.of(made), seen);
    }

    /** The kit's request once lacked this one, so that strategies with such zygotes could not be tested. */
    @Test
    void theRequestOfTheKitMakesZygotesOfFunctions() throws Exception {
        FakeSandboxes pool = new FakeSandboxes(FakePackages.wellKnown(), 4096);
        Sandboxes ofRequest = pool.request(LEAF).sandboxes();

        Zygote made = ofRequest.createFunctionZygote(Optional.empty(), new FunctionZygoteSpec(LEAF, Optional.empty()));

        assertNotNull(made);
        assertTrue(made.alive());
        assertFalse(made.function().isEmpty());
    }
}
