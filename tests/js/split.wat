(module
  (import "js" "note" (func $note (param i32)))
  (memory (export "memory") 1)
  (table 2 2 funcref)
  (elem (i32.const 1) $double)
  (global $count (mut i32) (i32.const 0))
  (type $unary (func (param i32) (result i32)))
  (func $double (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1)))
  (func $never (export "never") (param i32) (result i32)
    (call $note (i32.const 7))
    (call_indirect (type $unary) (call $returns (local.get 0)) (i32.const 1)))
  ;; A value, or on to the end of the function.
  (func $returns (export "returns") (param $n i32) (result i32) (local $a i32) (local $b i64)
    (local.set $a (i32.const 3))
    (if (i32.gt_s (local.get $n) (i32.const 2))
      (then
        (local.set $a (i32.mul (local.get $n) (local.get $a)))
        (local.set $b (i64.extend_i32_s (local.get $a)))
        (call $note (local.get $a))
        (if (i32.and (local.get $n) (i32.const 1)) (then (return (i32.wrap_i64 (local.get $b)))))
        (local.set $a (i32.add (local.get $a) (i32.const 5)))))
    (i32.add (local.get $a) (i32.wrap_i64 (local.get $b))))
  ;; Round and round, out of it and past several ends.
  (func $loops (export "loops") (param $n i32) (result i32) (local $sum i32) (local $i i32)
    (block $out
      (block $next
        (loop $again
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (if (i32.ge_s (local.get $i) (i32.const 2))
            (then
              (local.set $sum (i32.add (local.get $sum) (local.get $i)))
              (br_if $out (i32.gt_s (local.get $sum) (i32.const 40)))
              (br_if $next (i32.eq (local.get $i) (i32.const 6)))
              (global.set $count (i32.add (global.get $count) (i32.const 1)))
              (br_if $again (i32.lt_s (local.get $i) (local.get $n)))
              (local.set $sum (i32.sub (local.get $sum) (i32.const 100)))
              (br $out)))
          (br_if $again (i32.lt_s (local.get $i) (local.get $n)))))
      (local.set $sum (i32.add (local.get $sum) (i32.const 1000))))
    (i32.add (local.get $sum) (i32.mul (global.get $count) (i32.const 10000))))
  ;; One of many.
  (func $chooses (export "chooses") (param $n i32) (result i32) (local $a i32)
    (block $three
      (block $two
        (block $one
          (block $none
            (br_if $none (i32.eqz (local.get $n)))
            (local.set $a (i32.mul (local.get $n) (local.get $n)))
            (call $note (local.get $a))
            (local.set $a (call $double (local.get $a)))
            (br_table $one $two $three $none (i32.sub (local.get $n) (i32.const 1))))
          (return (i32.add (local.get $a) (i32.const 1))))
        (local.set $a (i32.add (local.get $a) (i32.const 2))))
      (local.set $a (i32.add (local.get $a) (i32.const 4))))
    (local.set $a (i32.add (local.get $a) (i32.const 8)))
    (local.get $a))
  ;; A block with a value, and a way past it.
  (func $valued (export "valued") (param $n i32) (result i32)
    (i32.add (i32.const 100)
      (block $value (result i32)
        (if (i32.lt_s (local.get $n) (i32.const 5))
          (then (br $value (local.get $n))))
        (call $note (i32.mul (local.get $n) (i32.const 3)))
        (drop (br_if $value (i32.mul (local.get $n) (i32.const 7)) (i32.gt_s (local.get $n) (i32.const 8))))
        (call $note (i32.const 77))
        (i32.mul (local.get $n) (i32.const 11)))))
)
