// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/hostile/world.hpp"

#include <fmt/format.h>
#include <time.h>

#include <cstdlib>
#include <iterator>
#include <string_view>
#include <utility>

#include "api/config/commands.hpp"
#include "api/config/service.hpp"
#include "api/server/describe.hpp"
#include "cli/sluiced/options.hpp"
#include "cli/sluiced/system_service.hpp"
#include "graph/testing/bench.hpp"
#include "plugins/host/service.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/service/services.hpp"

namespace cli::hostile {

namespace {

using google::protobuf::Message;

constexpr unsigned most_calls = 24;
constexpr unsigned most_items = 2000;
constexpr unsigned most_events = 100;
constexpr std::size_t longest_sentence = 1200;

[[noreturn]] void fail(std::string_view method, std::string_view why) {
    fmt::print(stderr, "{}: {}\n", method, why);
    std::abort();
}

void must(const absl::Status& status) {
    if (!status.ok()) {
        fail("the world", std::string(status.message()));
    }
}
template <class T>
T must(absl::StatusOr<T> value) {
    must(value.status());
    return std::move(*value);
}

double processor_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

/// Where the fake interfaces transmit.
struct FakeTx {
    static constexpr auto info = graph::node("fake-tx");
    void operator()(std::span<graph::Packet*> packets, graph::Dispatch&) const noexcept {
        graph::free_packets(packets);
    }
};

/// A client that takes some events and leaves.
class Client final : public api::EventChannel {
public:
    bool push(api::MessagePtr event) override {
        (void)event->SerializeAsString();
        return ++events_ < most_events;
    }
    bool is_open() const override { return events_ < most_events; }
    void close(const absl::Status&) override { events_ = most_events; }

private:
    unsigned events_ = 0;
};

/// The same, of a feed.
class Channel final : public api::FeedChannel {
public:
    void wake() override {}
    void abort(const absl::Status&) override {}
};

/// What would reach the machine beyond this process: its files and its interfaces.
bool is_tame(const api::Method& method) {
    return method.name() != "sluice.Interfaces.AddTap" && method.name() != "sluice.Capture.Start";
}

/// Leaves no file, no device and no command line in a request but such as stay in this process.
void tame(Message& request) {
    const auto* descriptor = request.GetDescriptor();
    const auto* reflection = request.GetReflection();
    if (const auto* file = descriptor->FindFieldByName("file")) {
        reflection->ClearField(&request, file);
    }
    if (const auto* line = descriptor->FindFieldByName("line")) {
        const std::string words = reflection->GetString(request, line);
        for (const char* wild : {"tap", "port", "capture"}) {
            if (words.find(wild) != std::string::npos) {
                reflection->ClearField(&request, line);
            }
        }
    }
    const auto* device = descriptor->FindFieldByName("device");
    if (device != nullptr &&
        device->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
        const std::string words = reflection->GetString(request, device);
        if (!words.starts_with("net_null") && !words.starts_with("net_ring")) {
            reflection->SetString(&request, device, "net_null0");
        }
    }
}

RequestMaker::Words known_words() {
    const std::vector<std::string> interfaces = {"lan", "wan", "hole", "net0", "new0", "new1"};
    const std::vector<std::string> nodes = {"ip4-input", "ip4-lookup", "device-input",
                                            "ethernet-input", "drop"};
    return {
        {"name", {"lan", "wan", "hole", "net0", "new0", "new1", "ip4-lookup"}},
        {"interface", interfaces},
        {"bridge", {"br0", "br0", "new0", "lan"}},
        {"address", {"10.0.0.7", "2001:db8::7", "224.0.0.1"}},
        {"interfaces", interfaces},
        {"node", nodes},
        {"nodes", nodes},
        {"filter", {"tcp", "udp port 53", "host 10.0.0.1", "icmp or arp", "not", "(("}},
        {"device", {"net_null0", "net_null1,size=64", "net_null2,copy=1", "net_ring0"}},
        {"reason", {"no-route", "ttl", "fenced"}},
        {"line",
         {"add address lan 10.9.0.1/24", "add null new0", "delete route 20.0.0.0/8",
          "add route 30.0.0.0/8 via 10.0.0.2", "delete interface lan", "commit"}},
    };
}

}  // namespace

World::World(const std::string& plugins) : maker_(known_words()) {
    graph::testing::start_eal();
    graph::Engine::Options options;
    options.buffers = 1024;
    options.workers = 2;
    engine_ = must(graph::Engine::create(options));
    router_ = must(vnet::Router::create(*engine_));
    register_all(plugins);
    configure();
    must(host_->load_all());
    if (!plugins.empty()) {
        // What many of their methods need.
        api::config::Commands commands(registry_);
        must(commands.run("add bridge br0"));
        must(commands.run("add bridge-port br0 hole"));
    }
    for (const auto& method : registry_.methods()) {
        if (is_tame(*method)) {
            methods_.push_back(method);
        }
    }
}

World::~World() {
    watches_.clear();
    channels_.clear();
    host_.reset();
    methods_.clear();
    settle();
}

void World::register_all(const std::string& plugins) {
    must(api::add_describe(registry_, product_version()));
    must(api::add_reflection(registry_));
    must(vnet::service::register_all(registry_, *router_));
    must(register_system(registry_, Options()));
    must(api::config::add_config(registry_, engine_->control().context(),
                                 {"", [](const std::string&) {}}));
    plugins::host::Options options;
    if (!plugins.empty()) {
        options.directories = {plugins};
    }
    host_ = std::make_unique<plugins::host::Host>(*router_, registry_, std::move(options));
    must(plugins::host::register_service(registry_, *host_));
}

void World::configure() {
    const auto tx = must(engine_->graph().add(std::make_shared<const FakeTx>()));
    engine_->graph().link("interface-output", "fake-tx");
    must(engine_->commit());
    engine_->take_up_here();
    const auto address = [](const char* text) { return must(vnet::wire::Ip4Address::parse(text)); };
    const auto prefix = [](const char* text) { return must(vnet::wire::Ip4Prefix::parse(text)); };
    for (const auto& [name, own, other] :
         {std::tuple("lan", "10.0.0.1", "10.0.0.2"), std::tuple("wan", "10.1.0.1", "10.1.0.2")}) {
        auto state = std::make_shared<vnet::interface::testing::FakeState>();
        state->tx_node = tx;
        must(router_->interfaces()
                 .add(name, vnet::interface::testing::FakeDevice::maker(state))
                 .status());
        must(router_->interfaces().set_up(name, true));
        must(router_->addresses().add(name, {address(own), 24}));
        must(router_->neighbors().add_fixed(
            name, address(other), vnet::wire::MacAddress::from_uint64(0x02'00'00'00'00'b1)));
    }
    must(router_->fib().add(prefix("20.0.0.0/8"), vnet::ip4::RouteSource::configured,
                            {vnet::ip4::Via::Kind::next_hop, 0, address("10.1.0.2")}));
    for (const char* name : {"hole", "net0"}) {
        const auto make = [this](auto) -> absl::StatusOr<std::unique_ptr<vnet::interface::Device>> {
            return router_->nulls().create();
        };
        must(router_->interfaces().add(name, make).status());
    }
    settle();
}

/// What the daemon would do between two calls.
void World::settle() {
    engine_->rcu().flush();
    engine_->control().poll();
}

void World::run(std::span<const std::uint8_t> bytes) {
    Decisions decisions(bytes);
    for (unsigned i = 0; i < most_calls && decisions.any_left(); ++i) {
        call(*methods_[decisions.below(methods_.size())], decisions);
        settle();
    }
}

void World::call(const api::Method& method, Decisions& decisions) {
    if (registry_.find(method.name()) == nullptr) {
        // Its plugin was unloaded.
        return;
    }
    const auto request = method.new_request();
    const bool is_raw = decisions.below(4) == 0;
    if (is_raw) {
        // As from the wire: what is no message goes no further.
        if (!request->ParseFromString(decisions.text())) {
            return;
        }
    } else {
        maker_.fill(*request, decisions);
    }
    tame(*request);
    const double begin = processor_seconds();
    const absl::Status status = run(method, *request, decisions);
    if (const double taken = processor_seconds() - begin; taken > 1.0) {
        fail(method.name(), fmt::format("took {:.1f} s", taken));
    }
    auto& counted = calls_[method.name()];
    ++counted.all;
    counted.done += status.ok() ? 1 : 0;
    if (!status.ok() && status.message().empty()) {
        fail(method.name(), "refused without a sentence");
    }
    if (status.message().size() > longest_sentence) {
        fail(method.name(), fmt::format("refused with {} characters: {}", status.message().size(),
                                        std::string(status.message().substr(0, 200))));
    }
    if (absl::IsInternal(status) || absl::IsUnknown(status)) {
        fail(method.name(), std::string(status.message()));
    }
}

absl::Status World::run(const api::Method& method, const Message& request, Decisions& decisions) {
    switch (method.kind()) {
        case api::Kind::unary:
        case api::Kind::list: {
            unsigned items = 0;
            const auto status =
                registry_.call_local(method.name(), request, [&](const Message& reply) {
                    (void)reply.SerializeAsString();
                    return ++items < most_items ? absl::OkStatus()
                                                : absl::CancelledError("the client has enough");
                });
            return absl::IsCancelled(status) ? absl::OkStatus() : status;
        }
        case api::Kind::dialog:
            return method.answer(request).status();
        case api::Kind::watch: {
            watches_.push_back(std::make_shared<Client>());
            return method.watch(request, watches_.back());
        }
        case api::Kind::feed: {
            channels_.push_back(std::make_shared<Channel>());
            auto feed = method.open_feed(request, channels_.back());
            return feed.ok() ? read(method, **feed) : feed.status();
        }
        case api::Kind::sink:
            return write(method, request, decisions);
    }
    return absl::OkStatus();
}

absl::Status World::read(const api::Method& method, api::MessageFeed& feed) {
    const auto message = method.new_reply();
    for (unsigned events = 0; events < most_events;) {
        const auto batch = method.next(feed);
        if (!batch.ok() || batch->count == 0) {
            return batch.status();
        }
        for (std::size_t i = 0; i < batch->count; ++i, ++events) {
            message->Clear();
            batch->fill(i, *message);
            (void)message->SerializeAsString();
        }
    }
    return absl::OkStatus();
}

absl::Status World::write(const api::Method& method, const Message& request, Decisions& decisions) {
    auto sink = method.open_sink();
    if (!sink.ok()) {
        return sink.status();
    }
    for (std::size_t batches = decisions.below(3) + 1; batches > 0; --batches) {
        absl::StatusOr<api::Taken> taken = api::Taken::part;
        while (taken.ok() && *taken == api::Taken::part) {
            taken = method.take(**sink, request);
        }
        if (!taken.ok()) {
            return taken.status();
        }
    }
    // Every second client breaks off.
    return decisions.below(2) == 0 ? method.finish(**sink).status() : absl::OkStatus();
}

}  // namespace cli::hostile
