// SPDX-License-Identifier: Apache-2.0
#include "plugins/pg/generators.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <set>
#include <stdexcept>
#include <utility>

#include "plugins/pg/replay.hpp"
#include "plugins/pg/stream.hpp"

namespace pg {

namespace {

constexpr size_t longest_name = 32;
constexpr size_t most_generators = 1024;

bool is_name(const std::string& name) {
    return !name.empty() && name.size() <= longest_name &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
           });
}

}  // namespace

Generators::Generators(graph::Engine& engine, vnet::interface::Table& table, Interfaces& interfaces,
                       const vnet::device::InputPath& path)
    : engine_(engine),
      table_(table),
      interfaces_(interfaces),
      path_(path),
      done_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (done_fd_ < 0) {
        throw std::runtime_error("the packet generator has no descriptor left");
    }
    watch_ = engine_.control().on_readable(done_fd_, [this] { reap(); });
    interfaces_.on_event([this](vnet::interface::Index interface, Interfaces::Event event) {
        hear(interface, event);
    });
}

Generators::~Generators() {
    interfaces_.on_event(nullptr);
    for (auto& [name, generator] : generators_) {
        detach(generator);
    }
    watch_.cancel();
    close(done_fd_);
}

absl::StatusOr<Entrance> Generators::check(const FeedRequest& request, Pace& pace) const {
    if (!is_name(request.name)) {
        return absl::InvalidArgumentError(fmt::format(
            "'{}' cannot name a stream or replay; use 1 to {} letters, digits and - _ .",
            request.name, longest_name));
    }
    if (const auto taken = generators_.find(request.name); taken != generators_.end()) {
        return absl::AlreadyExistsError(
            fmt::format("there is a {} '{}' already; give another name or delete it first",
                        taken->second.feed->kind(), request.name));
    }
    if (generators_.size() == most_generators) {
        return absl::ResourceExhaustedError(fmt::format(
            "no room for '{}': there are {} streams and replays", request.name, most_generators));
    }
    const auto interface = interfaces_.find(request.interface);
    if (!interface.ok()) {
        return interface.status();
    }
    if (request.rate && (*request.rate == 0 || *request.rate > Pacer::highest_rate)) {
        return absl::OutOfRangeError(
            fmt::format("a rate of {} packets a second is out of range; give 1 to {}, or none "
                        "for as fast as possible",
                        *request.rate, Pacer::highest_rate));
    }
    if (request.vector && (*request.vector == 0 || *request.vector > graph::vector_size)) {
        return absl::OutOfRangeError(
            fmt::format("vectors of {} packets are out of range; give 1 to {}", *request.vector,
                        graph::vector_size));
    }
    if (request.worker && *request.worker >= engine_.workers().size()) {
        return absl::OutOfRangeError(
            fmt::format("there is no worker {}; there are {}, counted from 0", *request.worker,
                        engine_.workers().size()));
    }
    pace.rate = request.rate.value_or(0);
    pace.vector = request.vector.value_or(graph::vector_size);
    return Entrance{&table_, *interface, path_, free_queue(*interface)};
}

uint32_t Generators::free_queue(vnet::interface::Index interface) const {
    std::set<uint32_t> taken;
    for (const auto& [name, generator] : generators_) {
        if (generator.feed->interface() == interface) {
            taken.insert(generator.feed->id().queue);
        }
    }
    uint32_t queue = 0;
    while (taken.contains(queue)) {
        ++queue;
    }
    return queue;
}

absl::Status Generators::add_stream(const FeedRequest& request, std::optional<uint64_t> packets,
                                    const PacketSpec& spec) {
    Pace pace;
    const auto entrance = check(request, pace);
    if (!entrance.ok()) {
        return entrance.status();
    }
    if (packets == 0U) {
        return absl::OutOfRangeError(
            "a stream of 0 packets is none; give 1 or more, or none for without end");
    }
    if (auto status = spec.check(); !status.ok()) {
        return status;
    }
    pace.packets = packets.value_or(0);
    generators_[request.name] = {std::make_shared<Stream>(*entrance, pace, spec, done_fd_),
                                 request.worker};
    return absl::OkStatus();
}

absl::Status Generators::add_replay(const FeedRequest& request, const std::string& file,
                                    uint64_t loops,
                                    std::optional<vnet::wire::MacAddress> destination_mac) {
    Pace pace;
    const auto entrance = check(request, pace);
    if (!entrance.ok()) {
        return entrance.status();
    }
    auto capture = Capture::read(file);
    if (!capture.ok()) {
        return capture.status();
    }
    if (loops > std::numeric_limits<uint64_t>::max() / capture->size()) {
        return absl::OutOfRangeError(
            fmt::format("{} loops are too many; give 0 for without end", loops));
    }
    pace.packets = loops * capture->size();
    generators_[request.name] = {
        std::make_shared<Replay>(*entrance, pace,
                                 std::make_shared<const Capture>(*std::move(capture)), file,
                                 destination_mac, done_fd_),
        request.worker};
    return absl::OkStatus();
}

absl::StatusOr<Generators::Generator*> Generators::find(const std::string& name) {
    const auto found = generators_.find(name);
    if (found != generators_.end()) {
        return &found->second;
    }
    std::string names;
    for (const auto& [known, generator] : generators_) {
        names += (names.empty() ? "" : ", ") + known;
    }
    return absl::NotFoundError(
        names.empty()
            ? fmt::format("there is no stream or replay '{}'; none has been added yet", name)
            : fmt::format("there is no stream or replay '{}'; there are: {}", name, names));
}

absl::Status Generators::attach(Generator& generator) {
    if (generator.attached) {
        return absl::OkStatus();
    }
    generator.feed->resume();
    absl::Status status = engine_.attach(generator.feed, generator.worker);
    generator.attached = status.ok();
    return status;
}

void Generators::detach(Generator& generator) {
    if (generator.attached) {
        engine_.detach(generator.feed.get());
        generator.attached = false;
    }
}

absl::Status Generators::start(const std::string& name) {
    const auto generator = find(name);
    if (!generator.ok()) {
        return generator.status();
    }
    if ((*generator)->feed->done()) {
        // Its last packet may have been sent this moment, with the worker still at it.
        detach(**generator);
        (*generator)->feed->rewind();
    }
    (*generator)->started = true;
    const auto* interface = table_.get((*generator)->feed->interface());
    return interface->up ? attach(**generator) : absl::OkStatus();
}

absl::Status Generators::stop(const std::string& name) {
    const auto generator = find(name);
    if (!generator.ok()) {
        return generator.status();
    }
    (*generator)->started = false;
    detach(**generator);
    return absl::OkStatus();
}

absl::Status Generators::remove(const std::string& name) {
    if (auto status = stop(name); !status.ok()) {
        return status;
    }
    generators_.erase(name);
    return absl::OkStatus();
}

void Generators::interface_up(vnet::interface::Index interface) {
    for (auto& [name, generator] : generators_) {
        if (generator.feed->interface() == interface && generator.started) {
            (void)attach(generator);
        }
    }
}

void Generators::hear(vnet::interface::Index interface, Interfaces::Event event) {
    for (auto at = generators_.begin(); at != generators_.end();) {
        if (at->second.feed->interface() != interface) {
            ++at;
            continue;
        }
        detach(at->second);
        at = event == Interfaces::Event::gone ? generators_.erase(at) : std::next(at);
    }
}

void Generators::reap() {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = read(done_fd_, &count, sizeof(count));
    for (auto& [name, generator] : generators_) {
        if (generator.attached && generator.feed->done()) {
            generator.started = false;
            detach(generator);
        }
    }
}

std::vector<Generators::Info> Generators::list() const {
    std::vector<Info> all;
    for (const auto& [name, generator] : generators_) {
        const State state = generator.feed->done() ? State::done
                            : generator.attached   ? State::running
                            : generator.started    ? State::waiting
                                                   : State::stopped;
        all.push_back(
            {name, table_.name_of(generator.feed->interface()), state, generator.feed.get()});
    }
    return all;
}

}  // namespace pg
