//! regorus, with a Rego rule compiled for its virtual machine. All calls share one machine. Inputs are parsed before
//! the measurement.

use regorus::{Engine, Rc, Value, languages::rego::compiler::Compiler, rvm::vm::RegoVM};
use serde_json::{Map, json};

use super::Peer;
use crate::{
    Failure,
    asks::{Ask, CENTS_MAX, Part, universe},
};

const RULE: &str = "data.gate.allow";
const MODULE: &str = "
package gate

default allow := false

allow if {
    input.leverage <= data.policy.leverage[input.symbol]
    input.cents > 0
    input.cents <= data.policy.cents_max
}
";

/// regorus, called through `RegoVM::execute`.
pub(crate) struct Regorus {
    vm: RegoVM,
    inputs: Vec<Value>,
}

impl Regorus {
    pub(crate) fn new(asks: &[Ask]) -> Result<Self, Failure> {
        let leverages: Map<String, serde_json::Value> = universe()
            .map(|(symbol, leverage)| (symbol, leverage.into()))
            .collect();
        let data = json!({ "policy": { "leverage": leverages, "cents_max": CENTS_MAX } });
        let mut engine = Engine::new();
        engine.add_policy("gate.rego".to_owned(), MODULE.to_owned())?;
        let compiled = engine.compile_with_entrypoint(&Rc::from(RULE))?;
        let mut vm = RegoVM::new();
        vm.load_program(Compiler::compile_from_policy(&compiled, &[RULE])?);
        vm.set_data(Value::from_json_str(&data.to_string())?)?;
        Ok(Self {
            vm,
            inputs: asks.iter().map(input).collect::<Result<_, _>>()?,
        })
    }
}

impl Peer for Regorus {
    fn package(&self) -> &'static str {
        "regorus"
    }

    fn way(&self) -> &'static str {
        "compiled, its virtual machine"
    }

    fn part(&self) -> Part {
        Part::Whole
    }

    fn pass(&mut self, yes: &mut Vec<bool>) -> Result<(), Failure> {
        for input in &self.inputs {
            // This clones a reference count, not the value.
            self.vm.set_input(input.clone());
            yes.push(self.vm.execute()? == Value::Bool(true));
        }
        Ok(())
    }
}

fn input(ask: &Ask) -> Result<Value, Failure> {
    let side = if ask.buys { "BUY" } else { "SELL" };
    let input = json!({
        "symbol": ask.symbol(), "side": side, "leverage": ask.leverage, "cents": ask.cents
    });
    Ok(Value::from_json_str(&input.to_string())?)
}
