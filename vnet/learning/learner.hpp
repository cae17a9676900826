// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstring>
#include <functional>
#include <memory>
#include <type_traits>
#include <vector>

#include "graph/byte_ring.hpp"
#include "graph/counter.hpp"
#include "vnet/learning/mac_table.hpp"

namespace vnet::learning {

/// What workers heard and a table does not know, on its way to control: a bounded queue for each
/// worker. What finds no room is told again by the sender's next frame.
template <class What>
class Learner {
    static_assert(std::is_trivially_copyable_v<What>);

public:
    explicit Learner(unsigned workers) : workers_(workers) {
        for (auto& worker : workers_) {
            worker = std::make_unique<Worker>();
        }
    }

    struct Heard {
        What what;
        Tick tick;
    };

    /// It is a worker that asks, and not a dry run, which changes nothing.
    bool serves(unsigned worker) const noexcept { return worker < workers_.size(); }
    /// A worker: tells control. The same is not told again for some 25 ms, however fast its frames
    /// come. Counted where there is no room; what a dry run hears is told nobody.
    void tell(unsigned worker, const What& what, uint64_t now_tsc) noexcept {
        if (!serves(worker)) [[unlikely]] {
            return;
        }
        Worker& own = *workers_[worker];
        Told& told = own.told[what.hash() % own.told.size()];
        if (told.what == what && told.until > now_tsc) {
            return;
        }
        std::byte* record = own.ring.reserve(sizeof(Heard));
        if (record == nullptr) {
            own.overflow.add(1);
            return;
        }
        new (record) Heard{what, tick_of(now_tsc)};
        own.ring.publish();
        told = {what, now_tsc + again_clocks};
    }

    /// Control: what has been told since.
    void drain(const std::function<void(const Heard&)>& callback) {
        for (const auto& worker : workers_) {
            for (auto record = worker->ring.front(); !record.empty();
                 record = worker->ring.front()) {
                Heard heard;
                std::memcpy(&heard, record.data(), sizeof(heard));
                worker->ring.pop();
                callback(heard);
            }
        }
    }
    /// How often a worker found no room to tell, since the beginning. Any thread.
    uint64_t overflow() const noexcept {
        uint64_t sum = 0;
        for (const auto& worker : workers_) {
            sum += worker->overflow.read();
        }
        return sum;
    }

private:
    static constexpr uint64_t again_clocks = uint64_t(1) << 26;
    struct Told {
        What what;
        uint64_t until = 0;
    };
    struct Worker {
        graph::ByteRing ring{size_t(1) << 16};
        std::array<Told, 1024> told{};
        graph::Counter overflow;
    };
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace vnet::learning
